#include "config-gen/watch.h"

#include <cstdlib>
#include <fstream>

#include <boost/asio/detached.hpp>
#include <fmt/format.h>
#include <sysexits.h>
#include <unistd.h>

#include "api/run.h"
#include "base/log.h"
#include "base/text.h"
#include "net/background.h"
#include "net/event.h"
#include "net/file_lock.h"
#include "net/signals.h"

namespace passport::config_gen {
namespace {

using api::ServiceClient;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kCallPatience{30};

std::string lock_path(const Places& places) {
  return places.folder + "/watch.lock";
}

/// "1234 /run/user/1000/passport/ssh_config", by whoever has the lock.
struct Watcher {
  std::string process{};
  std::string config{};
};
Watcher find_watcher(const Places& places) {
  std::ifstream file(lock_path(places));
  Watcher out;
  file >> out.process >> std::ws;
  std::getline(file, out.config);
  return out;
}

bool is_watched(const Places& places) {
  const auto lock = net::FileLock::take(lock_path(places));
  return !lock && lock.error().code == Errc::kConflict;
}

void say_that_it_runs(const Places& places) {
  log_line(fmt::format("process {} keeps {} current",
                       escape_for_terminal(find_watcher(places).process),
                       escape_for_terminal(places.config)));
}

std::chrono::system_clock::time_point find_end(const std::vector<CertifiedAccess>& accesses) {
  std::int64_t last = 0;
  for (const auto& access : accesses) last = std::max(last, access.ends_at);
  return std::chrono::system_clock::from_time_t(last);
}

class Watch {
 public:
  Watch(const net::asio::any_io_executor& executor, const api::Settings& settings,
        const SshConfigWish& wish, const Places& places)
      : settings_(settings),
        wish_(wish),
        places_(places),
        signals_(executor, {SIGINT, SIGTERM, SIGHUP}),
        stop_(executor) {}

  net::Task<int> run(ServiceClient& service) {
    net::asio::co_spawn(co_await net::asio::this_coro::executor, wait_for_signal(),
                        net::asio::detached);
    while (!stopping_) {
      auto looking = look(service);
      co_await std::move(looking);
      if (Clock::now() - last_active_ >= kWatchIdle) stop("nothing is active");
      if (!stopping_) co_await stop_.wait(net::deadline_in(wish_.every));
    }
    signals_.cancel();
    co_return EX_OK;
  }

 private:
  net::Task<void> wait_for_signal() {
    const int signal = co_await signals_.next();
    if (signal == 0) co_return;
    stop("");
    // The first lets what has begun come to its end, which may take a while.
    const int again = co_await signals_.next();
    if (again != 0) std::_Exit(128 + again);
  }

  void stop(const std::string& why) {
    if (!why.empty()) log_line(why + ": it is kept current no longer");
    stopping_ = true;
    stop_.notify();
  }

  /// What is the same as before is not said again.
  void tell(const std::string& trouble) {
    if (trouble != trouble_) log_line(trouble.empty() ? "it is kept current again" : trouble);
    trouble_ = trouble;
  }

  net::Task<void> look(ServiceClient& service) {
    const auto held = list_held(places_.folder);
    if (!held && held.error().code == Errc::kNotFound && agent_seen_) {
      stop("the agent has ended");
      co_return;
    }
    agent_seen_ = agent_seen_ || held;
    service.end_calls_at(net::deadline_in(kCallPatience));
    auto loading = load_requests(service);
    auto own = co_await std::move(loading);
    if (!own) {
      tell(own.error().detail);
    } else {
      auto writing = write_ssh_config(service, *own, settings_, wish_, places_);
      const auto files = co_await std::move(writing);
      tell(!files ? files.error().detail : files->failed ? files->failed->detail : "");
      if (files) active_until_ = find_end(files->accesses);
    }
    if (std::chrono::system_clock::now() < active_until_) last_active_ = Clock::now();
  }

  const api::Settings& settings_;
  const SshConfigWish& wish_;
  const Places& places_;
  net::Signals signals_;
  net::Event stop_;
  Clock::time_point last_active_ = Clock::now();
  std::string trouble_;
  std::chrono::system_clock::time_point active_until_{};  ///< as of the last answer
  bool agent_seen_ = false;
  bool stopping_ = false;
};

net::Task<Result<int>> watch(ServiceClient& service, const api::Settings& settings,
                             const SshConfigWish& wish, const Places& places) {
  Watch one(co_await net::asio::this_coro::executor, settings, wish, places);
  auto running = one.run(service);
  co_return co_await std::move(running);
}

/// kConflict: another has the lock.
Result<int> run_here(const api::Settings& settings, const SshConfigWish& wish,
                     const Places& places, int ready_fd) {
  auto lock = net::FileLock::take(lock_path(places));
  if (!lock) return lock.error();
  if (auto noted = lock->write(fmt::format("{} {}\n", ::getpid(), places.config)); !noted)
    return noted.error();
  net::say_ready(ready_fd);
  return api::run(
      settings, [&](ServiceClient& service) { return watch(service, settings, wish, places); });
}

}  // namespace

Result<void> find_other_watch(const Places& places) {
  if (!is_watched(places)) return {};
  const auto watcher = find_watcher(places);
  if (watcher.config.empty() || watcher.config == places.config) return {};
  const auto process = escape_for_terminal(watcher.process);
  return Error{Errc::kConflict,
               fmt::format("process {} watches already, for {}", process,
                           escape_for_terminal(watcher.config)),
               "one at a time: kill " + process};
}

int run_watch(const api::Settings& settings, const SshConfigWish& wish, const Places& places) {
  const bool here = wish.foreground && !is_watched(places);
  if (here) {
    const auto ended = run_here(settings, wish, places, -1);
    return ended ? *ended : report(ended.error());
  }
  if (!is_watched(places)) {
    const auto started = net::start_in_background(
        "the watch", places.folder + "/watch.log", [&](int ready_fd) -> Result<void> {
          const auto ended = run_here(settings, wish, places, ready_fd);
          return ended ? Result<void>() : ended.error();
        });
    // Another may have been quicker.
    if (!started && !is_watched(places)) return report(started.error());
  }
  say_that_it_runs(places);
  return EX_OK;
}

}  // namespace passport::config_gen
