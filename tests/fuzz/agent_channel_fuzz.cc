// A hostile client: operations on the agent's half, each a byte of what and two of how much.
//   0 a frame as given   1 a frame made well-formed (type, sequence number, payload from input)
//   2 bytes of the port  3 time passes   4 the port closes   5 a new connection
#include <cstdlib>

#include "tests/fuzz/target.h"
#include "wire/ssm/agent_channel.h"
#include "wire/ssm/agent_message.h"

using namespace passport;
using namespace passport::wire::ssm;

namespace {

constexpr std::size_t kMemoryBound = 64 << 20;

void serialize_made(ByteView in, Bytes& out) {
  static constexpr std::string_view kTypes[] = {kInputStreamData, kAcknowledge};
  if (in.size() < 3) return;
  AgentMessage m;
  m.message_type = kTypes[in[0] % std::size(kTypes)];
  m.sequence_number = in[1];
  m.payload_type = in[2] % 14;
  m.payload = in.subspan(3);
  m.payload_digest = compute_digest(m.payload);
  serialize_agent_message(m, out);
}

void run(AgentConfig config, ByteView in) {
  Time now = Time{} + std::chrono::hours(1);
  std::uint8_t counter = 0;
  AgentChannel agent(
      std::move(config), [&] { return Uuid{++counter}; }, now);
  const Secret key(std::string(wire::kDataKeySize, 'k'));
  ByteReader r(in);
  while (r.left() >= 3) {
    const auto head = r.take(3);
    const std::size_t amount = static_cast<std::size_t>(head[1]) << 8 | head[2];
    Outgoing message;
    switch (head[0] % 6) {
      case 0:
        append(message.bytes, r.take(std::min(amount, r.left())));
        break;
      case 1:
        serialize_made(r.take(std::min(amount, r.left())), message.bytes);
        break;
      case 2:
        (void)agent.send(Bytes(amount, 'x'), now);
        break;
      case 3:
        now += std::chrono::milliseconds(amount);
        agent.on_timer(now);
        break;
      case 4:
        agent.port_closed(now);
        break;
      default:
        agent.resume(now);
    }
    if (!message.bytes.empty() && !agent.receive(message, now)) break;
    if (agent.key_offered() && !agent.provide_key(key, now)) std::abort();
    if (agent.wants_port()) agent.port_connected(now);
    (void)agent.take_disconnect();
    for (int i = 0; i < 8 && agent.next_outgoing(message, now); ++i) {
    }
    if (agent.readable().size() > kMemoryBound) std::abort();
    agent.consume(agent.readable().size() / 2);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  AgentConfig port;
  port.session_id = "lab-0123456789abcdef0";
  run(port, {data, size});
  port.session_type = "Standard_Stream";
  port.kms_key_id = "arn:aws:kms:eu-west-1:123456789012:key/lab";
  run(std::move(port), {data, size});
  return 0;
}
