// Ends an operation at its deadline.
#pragma once
#include <functional>
#include <memory>

#include "net/asio.h"

namespace passport::net {

/// Calls `expire` at the deadline, unless it is destroyed before. `expire` makes the guarded
/// operation fail (closes its socket, say); expired() then tells why it failed.
class Watchdog {
 public:
  Watchdog(const asio::any_io_executor& executor, Deadline deadline,
           std::function<void()> expire)
      : state_(std::make_shared<State>(executor, std::move(expire))) {
    state_->timer.expires_at(deadline);
    state_->timer.async_wait([state = state_](const boost::system::error_code& error) {
      if (error || !state->expire) return;
      state->expired = true;
      std::exchange(state->expire, nullptr)();
    });
  }
  ~Watchdog() {
    state_->expire = nullptr;
    state_->timer.cancel();
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  bool expired() const { return state_->expired; }

 private:
  struct State {
    State(const asio::any_io_executor& executor, std::function<void()> action)
        : timer(executor), expire(std::move(action)) {}
    asio::steady_timer timer;
    std::function<void()> expire;
    bool expired = false;
  };
  std::shared_ptr<State> state_;
};

/// Cancels what waits on `object`, a socket, descriptor or the like, at the deadline.
/// Coroutines call this rather than write the lambda themselves: g++ 12 destroys a lambda's
/// captures twice there.
template <class IoObject>
Watchdog cancel_at(Deadline deadline, IoObject& object) {
  return Watchdog(object.get_executor(), deadline, [&object] {
    boost::system::error_code ignored;
    object.cancel(ignored);
  });
}

}  // namespace passport::net
