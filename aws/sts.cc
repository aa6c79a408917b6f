#include "aws/sts.h"

namespace passport::aws {
namespace {

ServiceCall make_call(std::string action, std::string target, wire::HttpRequest request) {
  ServiceCall call;
  call.service = "sts";
  call.action = std::move(action);
  call.target = std::move(target);
  call.request = std::move(request);
  return call;
}

Answer<wire::aws::IssuedKey> read_key(const Answer<wire::HttpResponse>& response,
                                      std::string_view action) {
  if (!response) return response.failure<wire::aws::IssuedKey>();
  auto key = wire::aws::parse_assumed_role(response->body);
  if (!key) return Error{Errc::kProtocol, std::string(action) + ": " + key.error().detail};
  return std::move(*key);
}

}  // namespace

net::Task<Answer<CallerIdentity>> Sts::get_caller_identity(net::Deadline deadline) {
  auto call = make_call("GetCallerIdentity", "", wire::aws::make_get_caller_identity());
  const auto response = co_await client_.call(std::move(call), deadline);
  if (!response) co_return response.failure<CallerIdentity>();
  auto identity = wire::aws::parse_caller_identity(response->body);
  if (!identity)
    co_return Error{Errc::kProtocol, "GetCallerIdentity: " + identity.error().detail};
  co_return std::move(*identity);
}

net::Task<Answer<wire::aws::IssuedKey>> Sts::assume_role(AssumeRoleRequest request,
                                                         net::Deadline deadline) {
  auto call = make_call("AssumeRole", request.role_arn, wire::aws::make_assume_role(request));
  const auto response = co_await client_.call(std::move(call), deadline);
  co_return read_key(response, "AssumeRole");
}

net::Task<Answer<wire::aws::IssuedKey>> Sts::assume_role_with_web_identity(
    AssumeRoleWithWebIdentityRequest request, net::Deadline deadline) {
  auto call = make_call("AssumeRoleWithWebIdentity", request.role_arn,
                        wire::aws::make_assume_role_with_web_identity(request));
  call.unsigned_call = true;
  const auto response = co_await client_.call(std::move(call), deadline);
  co_return read_key(response, "AssumeRoleWithWebIdentity");
}

}  // namespace passport::aws
