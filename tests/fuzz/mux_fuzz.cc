// A hostile agent or client: the first byte says which end we are, then operations, each a byte
// of what and two of how much.
//   0 bytes of the channel   1 bytes for a stream   2 a reader takes   3 time passes
//   4 open   5 finish   6 close   7 the channel has room
#include <cstdlib>

#include "tests/fuzz/target.h"
#include "wire/ssm/mux.h"

using namespace passport;
using namespace passport::wire::ssm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Time now = Time{} + std::chrono::hours(1);
  ByteReader r({data, size});
  const auto role = r.take(1);
  Mux mux(!role.empty() && role[0] % 2 == 1 ? Mux::Role::kServer : Mux::Role::kClient);
  Bytes out;
  while (r.left() >= 3) {
    const auto head = r.take(3);
    const std::size_t amount = static_cast<std::size_t>(head[1]) << 8 | head[2];
    const auto id = static_cast<Mux::StreamId>(head[2]);
    const bool open = mux.is_open(id);
    switch (head[0] % 8) {
      case 0:
        if (!mux.receive(r.take(std::min(amount, r.left())), now)) return 0;
        break;
      case 1:
        if (open) mux.send(id, Bytes(std::min<std::size_t>(mux.room(id), head[1] * 64U), 'x'));
        break;
      case 2:
        if (open) mux.consume(id, std::min<std::size_t>(mux.readable(id).size(), head[1]), now);
        break;
      case 3:
        now += std::chrono::milliseconds(amount);
        break;
      case 4:
        (void)mux.open().has_value();
        break;
      case 5:
        if (open) mux.finish(id);
        break;
      case 6:
        if (open) mux.close(id);
        break;
      default:
        out.clear();
        mux.next_outgoing(amount, out);
        if (out.size() > amount) std::abort();
    }
    for (const auto changed : mux.take_changed())
      if (mux.is_open(changed) && mux.room(changed) > Mux::kMaxFrame) std::abort();
    if (const auto full = mux.find_overflowing(now)) mux.close(*full);
    if (mux.unread() > size || mux.streams() > size) std::abort();
  }
  return 0;
}
