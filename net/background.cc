#include "net/background.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

namespace passport::net {
namespace {

constexpr int kStartPatience = 10'000;  ///< ms
constexpr std::string_view kReady = "ready\n";

/// What the child said before it closed its end: kReady, or why it does not run.
Result<void> wait_until_ready(int fd, const std::string& name) {
  std::string said;
  std::array<char, 512> buffer{};
  for (;;) {
    pollfd event{fd, POLLIN, 0};
    const int polled = ::poll(&event, 1, kStartPatience);
    if (polled < 0 && errno == EINTR) continue;
    if (polled <= 0) return Error{Errc::kTimeout, name + " does not come up"};
    const auto n = ::read(fd, buffer.data(), buffer.size());
    if (n <= 0) break;
    said.append(buffer.data(), static_cast<std::size_t>(n));
  }
  if (said == kReady) return {};
  return Error{Errc::kUnavailable, said.empty() ? name + " ended at once" : said};
}

/// In the child: nothing of the terminal is left to it.
bool detach(const std::string& log_path) {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const int log =
      ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
             S_IRUSR | S_IWUSR);
  return null >= 0 && log >= 0 && ::setsid() >= 0 && ::chdir("/") == 0 &&
         ::dup2(null, STDIN_FILENO) >= 0 && ::dup2(null, STDOUT_FILENO) >= 0 &&
         ::dup2(log, STDERR_FILENO) >= 0;
}

[[noreturn]] void run_child(const std::string& log, const BackgroundWork& work, int ready_fd) {
  auto ran = Result<void>(Error{Errc::kUnavailable, "cannot leave the terminal"});
  if (detach(log)) ran = work(ready_fd);
  if (!ran) {
    // Nothing where it was ready once: that end is closed.
    (void)!::write(ready_fd, ran.error().detail.data(), ran.error().detail.size());
    (void)report(ran.error());
  }
  std::_Exit(ran ? EXIT_SUCCESS : EXIT_FAILURE);
}

}  // namespace

void say_ready(int fd) {
  if (fd < 0) return;
  (void)!::write(fd, kReady.data(), kReady.size());
  ::close(fd);
}

Result<void> start_in_background(const std::string& name, const std::string& log,
                                 const BackgroundWork& work) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return Error{Errc::kUnavailable, std::string("pipe: ") + std::strerror(errno)};
  const pid_t pid = ::fork();
  if (pid < 0) return Error{Errc::kUnavailable, std::string("fork: ") + std::strerror(errno)};
  if (pid == 0) {
    ::close(ends[0]);
    run_child(log, work, ends[1]);
  }
  ::close(ends[1]);
  auto ready = wait_until_ready(ends[0], name);
  ::close(ends[0]);
  return ready;
}

}  // namespace passport::net
