#include "net/clock_jump.h"

#include <cerrno>

#include <boost/asio/redirect_error.hpp>
#include <sys/timerfd.h>
#include <unistd.h>

namespace passport::net {
namespace {

/// A time that never comes: the timer is there to be cancelled (timerfd_create(2),
/// TFD_TIMER_CANCEL_ON_SET).
constexpr std::time_t kFarAway = 253402300799;  // the end of the year 9999

bool arm(int fd) {
  itimerspec when{};
  when.it_value.tv_sec = kFarAway;
  return ::timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, nullptr) ==
         0;
}

}  // namespace

ClockJump::ClockJump(const asio::any_io_executor& executor) : timer_(executor) {
  const int fd = ::timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  if (fd < 0) return;
  timer_.assign(fd);
  if (!arm(fd)) timer_.close();
}

Task<bool> ClockJump::next() {
  boost::system::error_code error;
  while (timer_.is_open()) {
    co_await timer_.async_wait(asio::posix::stream_descriptor::wait_read,
                               asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    std::uint64_t expirations = 0;
    const auto n = ::read(timer_.native_handle(), &expirations, sizeof expirations);
    const bool jumped = n < 0 && errno == ECANCELED;
    if (!arm(timer_.native_handle())) break;
    if (jumped) co_return true;
  }
  co_return false;
}

void ClockJump::cancel() {
  boost::system::error_code ignored;
  timer_.close(ignored);
}

}  // namespace passport::net
