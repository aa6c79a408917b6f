// The agent's control socket, and what certificate commands write.
#include <cstdlib>

#include "keyagent/certificates.h"
#include "keyagent/control_messages.h"
#include "tests/fuzz/target.h"
#include "wire/ssh/private_key.h"

using namespace passport;
using namespace passport::keyagent;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto signer = std::make_shared<wire::ssh::PrivateKey>(
      std::move(*wire::ssh::PrivateKey::from_ed25519_seed(Bytes(32, 2))));
  const auto text = as_text({data, size});
  if (const auto request = parse_control_request(text)) {
    const auto again = parse_control_request(serialize_control_request(*request));
    if (!again || again->request.id != request->request.id) std::abort();
  }
  (void)parse_control_answer(text);
  const auto certificates =
      parse_certificates(signer, text, Time(std::chrono::seconds(1790000000)));
  if (certificates && certificates->empty()) std::abort();
  return 0;
}
