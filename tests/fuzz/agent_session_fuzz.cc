// A hostile client of the agent: messages, each after two bytes of its length. It never gets an
// identity added, and what is signed verifies.
#include <algorithm>
#include <cstdlib>

#include "keyagent/agent_session.h"
#include "tests/fuzz/target.h"
#include "wire/ssh/encoding.h"
#include "wire/ssh/private_key.h"

using namespace passport;
using namespace passport::keyagent;

namespace {

constexpr Time kNow{std::chrono::seconds(1790000000)};

Identity make_identity(std::uint8_t fill) {
  auto key = wire::ssh::PrivateKey::from_ed25519_seed(Bytes(32, fill));
  Identity out;
  out.blob = key->public_key().blob;
  out.signer = std::make_shared<wire::ssh::PrivateKey>(std::move(*key));
  out.valid_before = kNow + std::chrono::hours(1);
  return out;
}

void check(const wire::ssh::PublicKey& key, ByteView message, const Bytes& answer) {
  constexpr std::uint8_t kSignRequest = 13;
  constexpr std::uint8_t kSignResponse = 14;
  if (answer.empty() || answer.size() > AgentSession::kMaxMessage) std::abort();
  if (answer[0] != kSignResponse) return;
  if (message[0] != kSignRequest) std::abort();
  ByteReader in(message.subspan(1));
  (void)wire::ssh::read_string(in);
  const auto data = wire::ssh::read_string(in);
  ByteReader out(ByteView(answer).subspan(1));
  if (!verify(key, wire::ssh::read_string(out), data)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto identity = make_identity(1);
  Keyring keyring;
  if (!keyring.put("request", {identity})) std::abort();
  AgentSession session(keyring, [](std::span<std::uint8_t> out) {
    std::fill(out.begin(), out.end(), std::uint8_t{7});
  });
  ByteReader in({data, size});
  for (int i = 0; i < 16 && in.left() > 2; ++i) {
    const auto head = in.take(2);
    const auto length = static_cast<std::size_t>(head[0] << 8 | head[1]);
    const auto message = in.take(std::min(length, in.left()));
    check(identity.signer->public_key(), message, session.answer(message, kNow));
    if (keyring.list(kNow).size() > 1) std::abort();
  }
  return 0;
}
