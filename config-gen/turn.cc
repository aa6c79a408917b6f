#include "config-gen/turn.h"

#include <fstream>

namespace passport::config_gen {
namespace {

using Clock = std::chrono::steady_clock;  ///< the same for all processes

constexpr std::chrono::milliseconds kLook{20};

std::string lock_path(const std::string& folder) {
  return folder + "/write.lock";
}

Clock::rep ticks(Clock::time_point at) {
  return at.time_since_epoch().count();
}

/// When the last turn's answer was there; 0: not known.
Clock::rep find_last(const std::string& folder) {
  std::ifstream file(lock_path(folder));
  Clock::rep out = 0;
  return file >> out ? out : 0;
}

}  // namespace

Result<void> Turn::note_time() {
  return lock.write(std::to_string(ticks(Clock::now())) + "\n");
}

net::Task<Result<Turn>> take_turn(std::string folder, Clock::time_point asked_at) {
  const auto end = net::deadline_in(kTurnPatience);
  for (;;) {
    auto lock = net::FileLock::take(lock_path(folder));
    if (lock) co_return Turn{std::move(*lock), find_last(folder) >= ticks(asked_at)};
    if (lock.error().code != Errc::kConflict || Clock::now() >= end) co_return lock.error();
    net::asio::steady_timer timer(co_await net::asio::this_coro::executor, kLook);
    co_await timer.async_wait(net::asio::use_awaitable);
  }
}

}  // namespace passport::config_gen
