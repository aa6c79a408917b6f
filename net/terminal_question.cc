#include "net/terminal_question.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

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
    active_ = ::tcsetattr(fd, TCSAFLUSH, &hidden) == 0;
  }
  ~Hidden() {
    if (!active_) return;
    // Not TCSAFLUSH: what was typed ahead is for whoever reads next.
    ::tcsetattr(fd_, TCSADRAIN, &before_);
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

}  // namespace

Task<Result<Secret>> ask_terminal(asio::any_io_executor executor, std::string prompt,
                                  Deadline deadline) {
  const int fd = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) co_return no_terminal(std::strerror(errno));
  asio::posix::stream_descriptor terminal(executor, fd);
  if (::tcgetpgrp(fd) != ::getpgrp()) co_return no_terminal("in the background");
  const Hidden hidden(fd);
  if (!hidden.active()) co_return no_terminal(std::strerror(errno));

  boost::system::error_code error;
  const auto watchdog = cancel_at(deadline, terminal);
  std::size_t shown = 0;
  while (!error && shown < prompt.size()) {
    shown += co_await terminal.async_write_some(
        asio::buffer(prompt) + shown, asio::redirect_error(asio::use_awaitable, error));
  }
  // The terminal gives a line at a time.
  std::array<char, kMaxTerminalLine> line{};
  std::size_t n = 0;
  if (!error) {
    n = co_await terminal.async_read_some(asio::buffer(line),
                                          asio::redirect_error(asio::use_awaitable, error));
  }
  while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r')) --n;
  Secret answer(std::string(line.data(), n));
  ::explicit_bzero(line.data(), line.size());
  if (watchdog.expired()) co_return Error{Errc::kTimeout, "nobody answered on the terminal"};
  if (error || answer.empty()) co_return Error{Errc::kDenied, "no answer on the terminal"};
  co_return answer;
}

}  // namespace passport::net
