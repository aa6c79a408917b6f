#include "api/tunnel.h"

#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "base/text.h"
#include "net/command.h"
#include "net/spawn.h"

namespace passport::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

Error failed(const char* what) {
  return {Errc::kUnavailable, std::string(what) + ": " + net::errno_text(errno)};
}

/// For poll(2); -1 when there is no deadline.
int time_left_ms(Tunnel::Time::rep deadline) {
  const Tunnel::Time at{steady_clock::duration(deadline)};
  if (at == Tunnel::Time::max()) return -1;
  const auto left = std::chrono::ceil<milliseconds>(at - steady_clock::now()).count();
  return static_cast<int>(std::clamp<milliseconds::rep>(left, 0, 1 << 30));
}

Errc code_of(int status) {
  switch (WIFEXITED(status) ? WEXITSTATUS(status) : EX_UNAVAILABLE) {
    case EX_TEMPFAIL:
      return Errc::kTimeout;
    case EX_PROTOCOL:
      return Errc::kProtocol;
    case EX_NOPERM:
      return Errc::kDenied;
    case EX_CONFIG:
    case EX_USAGE:
      return Errc::kConfig;
    default:
      return Errc::kUnavailable;
  }
}

}  // namespace

Result<std::unique_ptr<Tunnel>> Tunnel::start(const std::string& command,
                                              std::unique_ptr<AgentRelay> relay) {
  auto out = std::unique_ptr<Tunnel>(new Tunnel(std::move(relay)));
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return failed("socketpair");
  out->socket_.reset(ends[0]);
  const net::Fd theirs(ends[1]);
  out->own_.reset(::fcntl(ends[0], F_DUPFD_CLOEXEC, 3));
  out->wake_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!out->own_ || !out->wake_) return failed("descriptors");
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed("pipe");
  out->errors_.reset(ends[0]);
  const net::Fd errors(ends[1]);
  ::fcntl(out->errors_.get(), F_SETFL, O_NONBLOCK);
  // A group of its own, so that nothing of it is left however it is put together.
  const int error = net::spawn(
      out->pid_,
      {{"/bin/sh", "-c", "exec " + command}, theirs.get(), theirs.get(), errors.get(), true});
  if (error != 0) return Error{Errc::kUnavailable, "/bin/sh: " + net::errno_text(error)};
  // Signals are for the threads that were there before.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  out->keeper_ = std::thread([tunnel = out.get()] { tunnel->keep(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return out;
}

Tunnel::~Tunnel() {
  end({});
}

void Tunnel::expire_at(Time deadline) {
  deadline_ = deadline.time_since_epoch().count();
  wake();
}

void Tunnel::interrupt() {
  ::shutdown(own_.get(), SHUT_RDWR);
}

void Tunnel::wake() {
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

void Tunnel::keep() {
  while (!over_) {
    std::array<pollfd, 3> at{{{wake_.get(), POLLIN, 0},
                              {errors_.get(), POLLIN, 0},
                              {relay_ ? relay_->descriptor() : -1, POLLIN, 0}}};
    (void)::poll(at.data(), at.size(), expired_ ? -1 : time_left_ms(deadline_));
    std::uint64_t ignored = 0;
    if (at[0].revents != 0) (void)!::read(wake_.get(), &ignored, sizeof ignored);
    if (at[1].revents != 0) read_words();
    if (at[2].revents != 0) relay_->serve();
    if (!expired_ && time_left_ms(deadline_) == 0) {
      expired_ = true;
      ::shutdown(own_.get(), SHUT_RDWR);
    }
  }
}

void Tunnel::read_words() {
  std::array<char, 1024> buffer{};
  while (errors_) {
    const auto n = ::read(errors_.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return errors_.reset();
    const auto room = kMaxWords - end_.words.size();
    end_.words.append(buffer.data(), std::min(static_cast<std::size_t>(n), room));
  }
}

bool Tunnel::wait_for_end(milliseconds patience) {
  constexpr milliseconds kPoll{5};
  const auto until = steady_clock::now() + patience;
  while (pid_ > 0 && ::waitpid(pid_, &end_.status, WNOHANG) != pid_) {
    if (steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(kPoll);
  }
  pid_ = 0;
  return true;
}

const Tunnel::End& Tunnel::end(milliseconds grace) {
  socket_.reset();
  if (own_) ::shutdown(own_.get(), SHUT_RDWR);
  if (pid_ > 0) {
    end_.by_itself = wait_for_end(grace);
    if (!end_.by_itself) {
      ::kill(-pid_, SIGHUP);
      if (!wait_for_end(kEndPatience)) ::kill(-pid_, SIGKILL);
      while (pid_ > 0 && ::waitpid(pid_, &end_.status, 0) < 0 && errno == EINTR) {
      }
      pid_ = 0;
    }
  }
  if (keeper_.joinable()) {
    over_ = true;
    wake();
    keeper_.join();
    read_words();
  }
  return end_;
}

Error explain_tunnel_end(const Tunnel::End& end) {
  constexpr std::string_view kName = "passport-proxy: ";
  constexpr std::string_view kHint = "hint: ";
  Error out{code_of(end.status), ""};
  std::string_view text = end.words;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.starts_with(kName)) line.remove_prefix(kName.size());
    if (line.starts_with(kHint)) {
      out.hint = escape_for_terminal(line.substr(kHint.size()));
    } else if (!line.empty()) {
      out.detail = escape_for_terminal(line);
      out.hint.clear();
    }
  }
  if (out.detail.empty())
    out.detail = end.by_itself ? "the tunnel closed: " + net::describe_status(end.status)
                               : "the tunnel closed";
  return out;
}

}  // namespace passport::api
