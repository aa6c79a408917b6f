// JSON from outside: answers and errors of SSM, data keys of KMS, credentials of processes and
// metadata services, and the stream URL in them.
#include <cstdlib>

#include "base/bytes.h"
#include "tests/fuzz/target.h"
#include "wire/aws/credential_messages.h"
#include "wire/aws/identifiers.h"
#include "wire/aws/kms_messages.h"
#include "wire/aws/service_error.h"
#include "wire/aws/ssm_messages.h"
#include "wire/aws/stream_url.h"

using namespace passport;
using namespace passport::wire::aws;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text({data, size});
  if (const auto session = parse_session(text)) {
    if (!is_session_id(session->session_id) || session->token.empty()) std::abort();
    const StreamExpectation expected{.region = "eu-west-1", .session_id = session->session_id};
    const auto address = check_stream_url(session->stream_url, expected);
    if (address && !address->endpoint.host.ends_with(".amazonaws.com") &&
        !address->endpoint.host.ends_with(".api.aws"))
      std::abort();
  }
  if (const auto page = parse_instance_information(text))
    for (const auto& instance : page->instances)
      if (instance.instance_id.empty()) std::abort();
  for (const auto& key : {parse_process_credentials(text), parse_metadata_credentials(text)})
    if (key && (key->key.id.empty() || key->key.secret.empty())) std::abort();
  if (const auto key = parse_data_key(text))
    if (key->plaintext.reveal().size() != wire::kDataKeySize || key->ciphertext.empty())
      std::abort();
  const auto error = parse_service_error({400, {}, std::string(text)});
  if (error.code.find_first_of("#:") != std::string::npos) std::abort();
  return 0;
}
