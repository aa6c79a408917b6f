#include "net/terminal_question.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <span>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "net/terminal.h"
#include "net/watchdog.h"

namespace passport::net {
namespace {

/// Keeps what is typed from being shown, as long as it lives.
class Hidden {
 public:
  explicit Hidden(int fd) : fd_(fd) {
    if (::tcgetattr(fd, &before_) != 0) return;
    auto hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    hidden.c_lflag |= ICANON | ISIG | ECHONL;
    for (const auto key : {VSUSP, VQUIT}) hidden.c_cc[key] = _POSIX_VDISABLE;
    guard_terminal_mode(fd, before_, {SIGINT, SIGTERM, SIGHUP});
    active_ = ::tcsetattr(fd, TCSAFLUSH, &hidden) == 0;
    if (!active_) unguard_terminal_mode();
  }
  ~Hidden() {
    if (!active_) return;
    // Not TCSAFLUSH: what was typed ahead is for whoever reads next.
    ::tcsetattr(fd_, TCSADRAIN, &before_);
    unguard_terminal_mode();
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;

  bool active() const { return active_; }

 private:
  int fd_;
  termios before_{};
  bool active_ = false;
};

Error no_terminal(const char* why) {
  return {Errc::kUnavailable, std::string("no terminal to ask on: ") + why};
}

Error no_answer() {
  return {Errc::kDenied, "no answer on the terminal"};
}

/// The descriptor of the terminal, which is this process's to ask on.
Result<int> open_terminal() {
  const int fd = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) return no_terminal(std::strerror(errno));
  if (::tcgetpgrp(fd) == ::getpgrp()) return fd;
  ::close(fd);
  return no_terminal("in the background");
}

/// The bytes of a line, without its end, in `line`: the terminal gives one at a time.
Task<Result<std::size_t>> ask(asio::posix::stream_descriptor& terminal, std::string prompt,
                              std::span<char> line, Deadline deadline) {
  boost::system::error_code error;
  const auto watchdog = cancel_at(deadline, terminal);
  std::size_t shown = 0;
  while (!error && shown < prompt.size()) {
    shown += co_await terminal.async_write_some(
        asio::buffer(prompt) + shown, asio::redirect_error(asio::use_awaitable, error));
  }
  std::size_t n = 0;
  if (!error) {
    n = co_await terminal.async_read_some(asio::buffer(line.data(), line.size()),
                                          asio::redirect_error(asio::use_awaitable, error));
  }
  if (watchdog.expired()) co_return Error{Errc::kTimeout, "nobody answered on the terminal"};
  if (error || n == 0) co_return no_answer();
  while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r')) --n;
  co_return n;
}

}  // namespace

Task<Result<Secret>> ask_terminal(asio::any_io_executor executor, std::string prompt,
                                  Deadline deadline) {
  const auto fd = open_terminal();
  if (!fd) co_return fd.error();
  asio::posix::stream_descriptor terminal(executor, *fd);
  const Hidden hidden(*fd);
  if (!hidden.active()) co_return no_terminal(std::strerror(errno));
  std::array<char, kMaxSecretLine> line{};
  auto asking = ask(terminal, std::move(prompt), line, deadline);
  const auto n = co_await std::move(asking);
  Secret answer(std::string(line.data(), n ? *n : 0));
  ::explicit_bzero(line.data(), line.size());
  if (!n) co_return n.error();
  if (answer.empty()) co_return no_answer();
  co_return answer;
}

Task<Result<std::string>> ask_terminal_line(asio::any_io_executor executor, std::string prompt,
                                            Deadline deadline) {
  const auto fd = open_terminal();
  if (!fd) co_return fd.error();
  asio::posix::stream_descriptor terminal(executor, *fd);
  std::array<char, kMaxLine> line{};
  auto asking = ask(terminal, std::move(prompt), line, deadline);
  const auto n = co_await std::move(asking);
  if (!n) co_return n.error();
  co_return std::string(line.data(), *n);
}

}  // namespace passport::net
