// Notices that this machine slept.
#pragma once
#include <boost/asio/posix/stream_descriptor.hpp>

#include "net/asio.h"

namespace passport::net {

/// Waits until the wall clock is set or goes on after a suspend: a connection of before may be
/// dead, and what was due is overdue. Costs no wakeups while nothing happens.
class ClockJump {
 public:
  explicit ClockJump(const asio::any_io_executor& executor);

  /// False when that cannot be known here, or after cancel().
  Task<bool> next();
  void cancel();

 private:
  asio::posix::stream_descriptor timer_;
};

}  // namespace passport::net
