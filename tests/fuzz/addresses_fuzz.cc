// Addresses as settings, services and command lines give them: endpoints, stream URLs,
// forwards, KMS keys.
#include <cstdlib>

#include "base/bytes.h"
#include "proxy/forward_spec.h"
#include "tests/fuzz/target.h"
#include "wire/aws/endpoint.h"
#include "wire/aws/identifiers.h"
#include "wire/aws/stream_url.h"
#include "wire/ssm/encryption.h"

using namespace passport;
using namespace passport::wire::aws;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text({data, size});
  const auto endpoint = parse_endpoint(text);
  if (endpoint) {
    const auto again = parse_endpoint(endpoint->url());
    if (!again || !(*again == *endpoint)) std::abort();
  }
  const auto location = parse_location(text);
  if (location && (location->endpoint.host.empty() || !location->target.starts_with('/')))
    std::abort();
  const auto stream =
      check_stream_url(text, {.region = "eu-west-1", .session_id = "lab-0123456789abcdef0"});
  if (stream && stream->endpoint.port != 443) std::abort();
  const auto forward = proxy::parse_forward(text);
  if (forward && (forward->remote_port == 0 || (!forward->path.empty() && forward->port != 0)))
    std::abort();
  const auto half = size / 2;
  (void)wire::ssm::is_same_key(text.substr(0, half), text.substr(half));
  (void)find_partition(text);
  return 0;
}
