#include "lab/instance_spawn.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace passport::lab {
namespace {

constexpr int kCannotExecute = 127;
constexpr int kClear = 16;  ///< above every descriptor that a child is given

// Everything below runs between fork and exec: async-signal-safe calls only.

void reset_signals() {
  for (int s = 1; s < NSIG; ++s) static_cast<void>(::signal(s, SIG_DFL));
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Moves the wanted descriptors out of the way of 0 to 3 first, so that no dup2 overwrites one
// that is still to come.
void place_descriptors(const std::array<int, 4>& wanted) {
  std::array<int, 4> from{};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const int source = wanted[i] >= 0 ? wanted[i] : i < 3 ? ::open("/dev/null", O_RDWR) : -1;
    from[i] = source >= 0 ? ::fcntl(source, F_DUPFD, kClear) : -1;
  }
  for (int i = 0; i < 4; ++i) {
    if (from[static_cast<std::size_t>(i)] >= 0) {
      ::dup2(from[static_cast<std::size_t>(i)], i);
    } else {
      ::close(i);
    }
  }
  ::close_range(4, ~0U, 0);
}

[[noreturn]] void become(const Spawn& what, char* const* argv, char** environment,
                         pid_t parent) {
  reset_signals();
  if (what.death_signal != 0) {
    ::prctl(PR_SET_PDEATHSIG, what.death_signal);
    if (::getppid() != parent) ::_exit(kCannotExecute);
  }
  if (what.new_session) ::setsid();
  place_descriptors(what.fds);
  if (what.terminal) ::ioctl(STDIN_FILENO, TIOCSCTTY, 0);
  ::environ = environment;  // execvp() takes PATH from here
  ::execvp(argv[0], argv);
  const char* reason = ::strerrordesc_np(errno);
  for (const char* part : {const_cast<const char*>(argv[0]), ": ",
                           reason == nullptr ? "unknown error" : reason, "\n"}) {
    if (::write(STDERR_FILENO, part, std::strlen(part)) < 0) break;
  }
  ::_exit(kCannotExecute);
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (const std::string& s : strings) out.push_back(const_cast<char*>(s.c_str()));
  out.push_back(nullptr);
  return out;
}

}  // namespace

Result<pid_t> spawn(const Spawn& what) {
  std::vector<std::string> environment = what.environment;
  environment.emplace_back(kSystemPath);
  environment.emplace_back("LANG=C.UTF-8");
  const std::vector<char*> argv = pointers(what.argv);
  std::vector<char*> env = pointers(environment);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) {
    return Error{Errc::kUnavailable, what.argv[0] + ": fork: " + errno_text(errno)};
  }
  if (child == 0) become(what, argv.data(), env.data(), parent);
  return child;
}

// By number: <sys/pidfd.h> of glibc 2.36 declares pidfd_open() without C linkage.
Fd open_pidfd(pid_t pid) {
  return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

std::optional<int> wait_for_child(pid_t pid, std::chrono::milliseconds within) {
  const Fd watch = open_pidfd(pid);
  if (watch) {
    pollfd ended{watch.get(), POLLIN, 0};
    const auto until = std::chrono::steady_clock::now() + within;
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          until - std::chrono::steady_clock::now());
      const int n = ::poll(&ended, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
      if (n >= 0 || errno != EINTR) break;
    }
  }
  int status = 0;
  const pid_t reaped = ::waitpid(pid, &status, WNOHANG);
  if (reaped == 0) return std::nullopt;
  return reaped == pid ? exit_status_of(status) : -1;
}

Fd make_memory_file(std::string_view text) {
  Fd file(::memfd_create("passport-lab", MFD_CLOEXEC));
  for (std::size_t done = 0; file && done < text.size();) {
    const ssize_t n =
        ::pwrite(file.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (n <= 0) return {};
    done += static_cast<std::size_t>(n);
  }
  return file;
}

int exit_status_of(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace passport::lab
