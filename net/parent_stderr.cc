#include "net/parent_stderr.h"

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/log_writer.h"

namespace passport::net {
namespace {

pid_t g_parent = 0;  // NOLINT: set once at start

bool is_null(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) &&
         status.st_rdev == makedev(1, 3);
}

/// -1: there is none to be had.
int take_parent_stderr() {
  // As it is, with its place in a file; where that is forbidden, the same file opened again.
  const auto process = static_cast<int>(::syscall(SYS_pidfd_open, g_parent, 0));
  int fd = -1;
  if (process >= 0) {
    fd = static_cast<int>(::syscall(SYS_pidfd_getfd, process, STDERR_FILENO, 0));
    ::close(process);
  }
  if (fd < 0) {
    const auto path = "/proc/" + std::to_string(g_parent) + "/fd/2";
    fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  }
  if (fd >= 0 && ::getppid() != g_parent) {  // it may have been somebody else's
    ::close(fd);
    return -1;
  }
  return fd;
}

void write_to_parent(std::string_view line) {
  const int fd = take_parent_stderr();
  if (fd < 0) return;
  pollfd writable{fd, POLLOUT, 0};
  if (::poll(&writable, 1, 0) == 1 && (writable.revents & POLLOUT) != 0)
    while (::write(fd, line.data(), line.size()) < 0 && errno == EINTR) {
    }
  ::close(fd);
}

}  // namespace

void log_to_parent() {
  if (!is_null(STDERR_FILENO)) return;
  g_parent = ::getppid();
  set_log_writer(write_to_parent);
}

}  // namespace passport::net
