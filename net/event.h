// Wakes a coroutine of the same thread.
#pragma once
#include <boost/asio/redirect_error.hpp>

#include "net/asio.h"

namespace passport::net {

/// notify() wakes the one coroutine that waits, or the next wait. Several notifications before
/// a wait are one. Both sides run on the same thread.
class Event {
 public:
  explicit Event(const asio::any_io_executor& executor) : timer_(executor) {}

  void notify() {
    set_ = true;
    timer_.cancel();
  }

  /// Returns at the latest at `deadline`.
  Task<void> wait(Deadline deadline = Deadline::max()) {
    if (!set_) {
      timer_.expires_at(deadline);
      boost::system::error_code ignored;  // cancelled: notified
      co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    set_ = false;
  }

 private:
  asio::steady_timer timer_;
  bool set_ = false;
};

}  // namespace passport::net
