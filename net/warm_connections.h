// Connections made before they are needed, while something else is waited for.
#pragma once
#include <list>
#include <memory>

#include "net/asio.h"
#include "net/outbound.h"
#include "wire/http.h"

namespace passport::net {

class BufferedStream;

/// Each is taken once, by the next connect_stream() to its endpoint. One that failed, or is
/// older than kWarmTime, is as if it had never been: who needs it connects, and tells what is
/// wrong. Those that nobody takes close with this.
class WarmConnections {
 public:
  static constexpr std::chrono::seconds kWarmTime{10};

  /// Begins to connect, TLS handshake and proxy included.
  void prepare(const asio::any_io_executor& executor, Outbound outbound,
               wire::Endpoint endpoint);

  /// The first one for `endpoint`, once its handshake is done; null: there is none.
  Task<std::shared_ptr<BufferedStream>> take(wire::Endpoint endpoint, Deadline deadline);

  void clear() { slots_.clear(); }

 private:
  struct Slot;
  static Task<void> fill(std::shared_ptr<Slot> slot, Outbound outbound);

  std::list<std::shared_ptr<Slot>> slots_;
};

}  // namespace passport::net
