#include "aws/kms.h"

#include "base/text.h"

namespace passport::aws {
namespace {

constexpr std::size_t kMaxKeyShown = 200;

}  // namespace

net::Task<Answer<wire::DataKey>> Kms::generate_data_key(std::string key_id,
                                                        wire::aws::EncryptionContext context,
                                                        net::Deadline deadline) {
  ServiceCall call;
  call.service = "kms";
  call.action = "GenerateDataKey";
  call.target = key_id;
  call.request = wire::aws::make_kms_request(
      call.action, wire::aws::serialize_generate_data_key(key_id, context));
  const auto words =
      "kms:GenerateDataKey on " + escape_for_terminal(key_id, kMaxKeyShown) + ": ";
  auto response = co_await client_.call(std::move(call), deadline);
  if (!response) {
    auto failure = response.failure<wire::DataKey>();
    auto error = failure.error();
    error.detail = words + error.detail;
    co_return Answer<wire::DataKey>(std::move(error), failure.service_code());
  }
  const Secret body(std::move(response->body));  // wiped: it holds the key
  auto key = wire::aws::parse_data_key(body.reveal());
  if (!key) co_return Error{key.error().code, words + key.error().detail};
  co_return std::move(*key);
}

}  // namespace passport::aws
