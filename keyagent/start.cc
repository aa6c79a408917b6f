#include "keyagent/start.h"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>

#include <boost/asio/detached.hpp>
#include <fmt/format.h>
#include <openssl/rand.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/agent_place.h"
#include "base/log.h"
#include "keyagent/agent.h"
#include "keyagent/own_memory.h"
#include "net/background.h"
#include "net/file_lock.h"
#include "net/process.h"

namespace passport::keyagent {
namespace {

namespace asio = net::asio;

constexpr int kFirstPassed = 3;                        // sd_listen_fds(3)
constexpr std::chrono::microseconds kStaysAwake{100};  ///< after the last event

void fill_random(std::span<std::uint8_t> out) {
  if (RAND_priv_bytes(out.data(), static_cast<int>(out.size())) != 1)
    throw std::runtime_error("libcrypto has no randomness");
}

std::optional<int> number_in(const char* variable) {
  const char* text = std::getenv(variable);
  int number = 0;
  if (text == nullptr) return std::nullopt;
  const auto* end = text + std::strlen(text);
  const auto parsed = std::from_chars(text, end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

/// Listening sockets that systemd passed: told apart by the names of their files.
Agent::Sockets take_passed_sockets(const asio::any_io_executor& executor) {
  Agent::Sockets out;
  if (number_in("LISTEN_PID") != ::getpid()) return out;
  const int count = number_in("LISTEN_FDS").value_or(0);
  for (int fd = kFirstPassed; fd < kFirstPassed + count; ++fd) {
    sockaddr_un address{};
    socklen_t size = sizeof address;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
        address.sun_family != AF_UNIX)
      continue;
    const std::string_view path(address.sun_path);
    auto& mine = path.ends_with("/control.sock") ? out.control : out.agent;
    mine = net::Listener::adopt(executor, fd);
  }
  ::unsetenv("LISTEN_PID");
  ::unsetenv("LISTEN_FDS");
  ::unsetenv("LISTEN_FDNAMES");
  return out;
}

Result<Agent::Sockets> listen(const asio::any_io_executor& executor,
                              const std::string& directory) {
  auto out = take_passed_sockets(executor);
  const auto open = [&](std::shared_ptr<net::Listener>& listener,
                        const std::string& path) -> Result<void> {
    if (listener != nullptr) return {};
    auto made = net::Listener::unix_socket(executor, path);
    if (!made) return made.error();
    listener = std::move(*made);
    return {};
  };
  if (auto made = open(out.agent, api::agent_socket(directory)); !made) return made.error();
  if (auto made = open(out.control, api::control_socket(directory)); !made) return made.error();
  return out;
}

/// A client that signs much asks again as soon as it is answered: going to sleep in between
/// would take longer than a signature.
void run_until(asio::io_context& io, const bool& ended) {
  auto busy_until = std::chrono::steady_clock::now();
  while (!ended) {
    if (io.poll() > 0) {
      busy_until = std::chrono::steady_clock::now() + kStaysAwake;
    } else if (std::chrono::steady_clock::now() >= busy_until) {
      if (io.run_one() == 0) return;
      busy_until = std::chrono::steady_clock::now() + kStaysAwake;
    }
  }
}

}  // namespace

Result<void> run_agent(const StartOptions& options, int ready_fd) {
  net::raise_descriptor_limit();
  const auto lock = net::FileLock::take(options.directory + "/agent.lock");
  if (!lock && lock.error().code == Errc::kConflict)
    return Error{Errc::kUnavailable,
                 fmt::format("an agent runs already in \"{}\"", options.directory)};
  if (!lock) return lock.error();
  asio::io_context io(1);
  auto sockets = listen(io.get_executor(), options.directory);
  if (!sockets) return sockets.error();
  if (!guard_own_memory())
    log_line(
        "keys cannot be kept from being swapped out: the limit of locked memory is too low "
        "(ulimit -l)");
  Agent agent(io.get_executor(), {api::agent_socket(options.directory), options.idle},
              std::move(*sockets), fill_random);
  net::say_ready(ready_fd);
  bool ended = false;
  asio::co_spawn(io, agent.run(), [&](const std::exception_ptr& thrown) {
    ended = true;
    if (thrown) std::rethrow_exception(thrown);
  });
  run_until(io, ended);
  return {};
}

Result<void> start_agent(const StartOptions& options) {
  return net::start_in_background(
      "the agent", options.directory + "/agent.log",
      [&options](int ready_fd) { return run_agent(options, ready_fd); });
}

}  // namespace passport::keyagent
