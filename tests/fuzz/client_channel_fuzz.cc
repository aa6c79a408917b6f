// A hostile service: operations on the client's half, each a byte of what and two of how much.
//   0 a frame as given   1 a frame made well-formed (type, sequence number, payload from input)
//   2 bytes of stdin     3 time passes   4 finish   5 terminate   6 a new connection
// A client that accepts anything also has its terminal resized as time passes. Who asks for
// encryption gets the key that the made frames, when their sequence number is even, are
// encrypted with.
#include <cstdlib>

#include "tests/fuzz/target.h"
#include "wire/ssm/client_channel.h"

using namespace passport;
using namespace passport::wire::ssm;

namespace {

constexpr std::size_t kMemoryBound = 64 << 20;

void serialize_made(ByteView in, PayloadCipher& cipher, Bytes& out) {
  static constexpr std::string_view kTypes[] = {kOutputStreamData, kAcknowledge,
                                                kChannelClosed,    kStartPublication,
                                                kPausePublication, kAgentSessionState};
  if (in.size() < 3) return;
  AgentMessage m;
  m.message_type = kTypes[in[0] % std::size(kTypes)];
  m.sequence_number = in[1];
  m.payload_type = in[2] % 14;
  m.payload = in.subspan(3);
  Bytes encrypted;
  if (is_encrypted(m.type()) && in[1] % 2 == 0) {
    cipher.encrypt(m.payload, encrypted);
    m.payload = encrypted;
  }
  m.payload_digest = compute_digest(m.payload);
  serialize_agent_message(m, out);
}

void run(Accepts accepts, ByteView in) {
  Time now = Time{} + std::chrono::hours(1);
  ClientConfig config;
  config.token = Secret("token");
  config.accepts = accepts;
  std::uint8_t counter = 0;
  ClientChannel client(
      std::move(config), [&] { return Uuid{++counter}; }, now);
  ByteReader r(in);
  std::size_t taken = 0;
  const Secret key(std::string(wire::kDataKeySize, 'k'));
  auto made = PayloadCipher::make(key, PayloadCipher::End::kAgent, {});
  auto& cipher = *made;
  while (r.left() >= 3) {
    const auto head = r.take(3);
    const std::size_t amount = static_cast<std::size_t>(head[1]) << 8 | head[2];
    Outgoing message;
    bool dead = false;
    switch (head[0] % 7) {
      case 0:
        append(message.bytes, r.take(std::min(amount, r.left())));
        break;
      case 1:
        serialize_made(r.take(std::min(amount, r.left())), cipher, message.bytes);
        break;
      case 2:
        taken += client.send(Bytes(amount, 'x'), now);
        break;
      case 3:
        now += std::chrono::milliseconds(amount);
        dead = !client.on_timer(now);
        if (accepts == Accepts::kAny) client.set_size({head[1], head[2]});
        break;
      case 4:
        client.finish(now);
        break;
      case 5:
        client.terminate(now);
        break;
      default:
        client.resume(Secret("again"), now);
    }
    if (!message.bytes.empty()) dead = !client.receive(message, now);
    if (dead) break;
    if (client.key_wanted() && !client.provide_key({key, "AQID"}, now)) std::abort();
    for (int i = 0; i < 8 && client.next_outgoing(message, now); ++i) {
    }
    if (client.waiting() > kMemoryBound || taken > kMemoryBound) std::abort();
    client.consume(client.readable().size() / 2);
    if (const auto t = client.next_timeout(); t && *t < now - std::chrono::hours(1))
      std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  run(Accepts::kPort, {data, size});
  run(Accepts::kAny, {data, size});
  return 0;
}
