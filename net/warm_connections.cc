#include "net/warm_connections.h"

#include <algorithm>
#include <exception>

#include "net/connect.h"
#include "net/event.h"

namespace passport::net {

struct WarmConnections::Slot {
  Slot(const asio::any_io_executor& executor, wire::Endpoint where)
      : endpoint(std::move(where)), until(deadline_in(kWarmTime)), done(executor) {}

  wire::Endpoint endpoint;
  Deadline until;
  Event done;
  bool over = false;
  std::shared_ptr<BufferedStream> stream;
};

Task<void> WarmConnections::fill(std::shared_ptr<Slot> slot, Outbound outbound) {
  const auto executor = co_await asio::this_coro::executor;
  auto stream = co_await connect_stream(executor, outbound, slot->endpoint, slot->until);
  if (stream) slot->stream = std::make_shared<BufferedStream>(std::move(*stream));
}

void WarmConnections::prepare(const asio::any_io_executor& executor, Outbound outbound,
                              wire::Endpoint endpoint) {
  outbound.warm.reset();  // it connects itself
  const auto slot = std::make_shared<Slot>(executor, std::move(endpoint));
  slots_.push_back(slot);
  asio::co_spawn(executor, fill(slot, std::move(outbound)), [slot](const std::exception_ptr&) {
    slot->over = true;
    slot->done.notify();
  });
}

Task<std::shared_ptr<BufferedStream>> WarmConnections::take(wire::Endpoint endpoint,
                                                            Deadline deadline) {
  const auto found =
      std::find_if(slots_.begin(), slots_.end(), [&](const std::shared_ptr<Slot>& slot) {
        return slot->endpoint.tls == endpoint.tls && slot->endpoint.host == endpoint.host &&
               slot->endpoint.port == endpoint.port;
      });
  if (found == slots_.end()) co_return nullptr;
  const auto slot = *found;
  slots_.erase(found);
  const auto until = std::min(deadline, slot->until);
  while (!slot->over && std::chrono::steady_clock::now() < until) {
    co_await slot->done.wait(until);
  }
  const bool usable = slot->over && std::chrono::steady_clock::now() < slot->until;
  co_return usable ? slot->stream : nullptr;
}

}  // namespace passport::net
