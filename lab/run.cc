#include <iostream>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/exit_code.h"
#include "base/log.h"
#include "lab/lab.h"
#include "lab/options.h"
#include "lab/state_dir.h"
#include "net/signals.h"

namespace passport::lab {
namespace asio = net::asio;
namespace {

/// A lab that is not up by then will not be; instances are started one after the other.
std::chrono::seconds ready_deadline(const LabOptions& options) {
  return std::chrono::seconds(120 + 5 * options.instances);
}
constexpr std::chrono::seconds kStopDeadline{15};
constexpr std::chrono::seconds kKillDeadline{5};

void print(const Summary& summary, bool json) {
  std::cout << (json ? serialize_summary(summary) : render_summary(summary)) << std::flush;
}

Result<Summary> load_summary(const std::string& state_dir) {
  const auto text = load_file(state_dir + "/" + kSummaryFile);
  if (!text) return text.error();
  return parse_summary(*text);
}

/// Runs the lab until a signal ends it. `ready` is called once, with its summary or an error.
template <class Ready>
int serve(const LabOptions& options, bool remove_directory, Ready ready) {
  net::ignore_sigpipe();
  asio::io_context loop(1);
  auto lab = Lab::start(loop.get_executor(), options, remove_directory);
  if (!lab) {
    remove_state(options.state_dir, remove_directory);
    ready(&lab.error());
    return exit_code(lab.error().code);
  }
  ready(nullptr);
  net::Signals signals(loop.get_executor(), {SIGTERM, SIGINT, SIGHUP});
  asio::co_spawn(
      loop,
      [&]() -> net::Task<void> {
        co_await signals.next();
        co_await (*lab)->shut_down();
        loop.stop();
      },
      asio::detached);
  loop.run();
  lab->reset();
  remove_state(options.state_dir, remove_directory);
  return EX_OK;
}

/// In the lab's own process: away from the terminal, with lab.log for its words.
void detach(const LabOptions& options) {
  const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const Fd log_file(::open((options.state_dir + "/" + kLogFile).c_str(),
                           O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
                           0600));
  ::dup2(null.get(), STDIN_FILENO);
  ::dup2(log_file ? log_file.get() : null.get(), STDOUT_FILENO);
  ::dup2(log_file ? log_file.get() : null.get(), STDERR_FILENO);
  if (::chdir("/") != 0) log_line("cannot change to /");
}

/// What the lab's process says through the pipe: nothing but "ok", or one line of failure.
int wait_until_ready(int fd, pid_t child) {
  std::string text;
  char buffer[512];
  for (;;) {
    const auto n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text.append(buffer, static_cast<std::size_t>(n));
  }
  ::waitpid(child, nullptr, 0);
  if (text == "ok") return EX_OK;
  if (text.empty()) {
    log_line("the lab ended before it was up");
    return EX_SOFTWARE;
  }
  const int status = static_cast<unsigned char>(text.front());
  log_line(std::string_view(text).substr(1));
  return status;
}

int serve_in_background(const LabOptions& options, bool remove_directory, LabLock& lock) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return report({Errc::kUnavailable, errno_text(errno)});
  Fd from_lab(ends[0]);
  Fd to_parent(ends[1]);
  const auto child = ::fork();
  if (child < 0) return report({Errc::kUnavailable, errno_text(errno)});
  if (child > 0) {
    lock.fd.reset();
    to_parent.reset();
    return wait_until_ready(from_lab.get(), child);
  }
  from_lab.reset();
  ::setsid();
  if (::fork() != 0) ::_exit(EX_OK);  // the lab is nobody's session leader
  detach(options);
  // A lab that is not up by then ends, which its parent sees.
  ::alarm(static_cast<unsigned>(ready_deadline(options).count()));
  write_pid(lock, ::getpid());
  const int status = serve(options, remove_directory, [&](const Error* error) {
    ::alarm(0);
    const auto text =
        error ? fmt::format("{}{}", static_cast<char>(exit_code(error->code)), error->detail)
              : std::string("ok");
    if (::write(to_parent.get(), text.data(), text.size()) < 0) log_line(errno_text(errno));
    to_parent.reset();
  });
  ::_exit(status);
}

/// A lab is up, or about to be: its summary tells.
Result<Summary> await_summary(const LabOptions& options, LabLock& lock) {
  const auto until = std::chrono::steady_clock::now() + ready_deadline(options);
  for (;;) {
    auto summary = load_summary(options.state_dir);
    if (summary || std::chrono::steady_clock::now() > until) return summary;
    if (wait_for_lock(lock, std::chrono::milliseconds(100))) {
      return Error{Errc::kUnavailable, "the lab ended before it was up"};
    }
  }
}

}  // namespace

int run_up(const LabOptions& options) {
  const auto made = make_state_dir(options.state_dir);
  if (!made) return report(made.error());
  auto lock = open_lock(options.state_dir);
  if (!lock) return report(lock.error());
  if (!lock->held) {
    const auto summary = await_summary(options, *lock);
    if (!summary) return report(summary.error());
    log_line("already up; its settings stay as they are");
    print(*summary, options.json);
    return EX_OK;
  }
  // A lab that was killed left its summary, and with it the duty to remove the directory.
  const auto left = load_summary(options.state_dir);
  const bool remove_directory = *made || (left && left->made_state_dir);
  ::unlink((options.state_dir + "/" + kSummaryFile).c_str());
  if (options.foreground) {
    write_pid(*lock, ::getpid());
    return serve(options, remove_directory, [&](const Error* error) {
      if (error) {
        report(*error);
      } else if (const auto summary = load_summary(options.state_dir)) {
        print(*summary, options.json);
      }
    });
  }
  if (const int status = serve_in_background(options, remove_directory, *lock); status != EX_OK)
    return status;
  const auto summary = load_summary(options.state_dir);
  if (!summary) return report(summary.error());
  print(*summary, options.json);
  return EX_OK;
}

int run_down(const LabOptions& options) {
  auto lock = open_existing_lock(options.state_dir);
  if (!lock) return report(lock.error());
  if (!lock->fd) {
    log_line("not up");
    return EX_OK;
  }
  const auto summary = load_summary(options.state_dir);
  const bool with_directory = summary && summary->made_state_dir;
  if (!lock->held) {
    const auto pid = read_pid(*lock);
    if (pid > 0) ::kill(pid, SIGTERM);
    if (!wait_for_lock(*lock, kStopDeadline)) {
      if (pid > 0) ::kill(pid, SIGKILL);
      if (!wait_for_lock(*lock, kKillDeadline)) {
        return report({Errc::kTimeout, fmt::format("process {} does not end", pid)});
      }
    }
  }
  if (is_current(options.state_dir, *lock)) remove_state(options.state_dir, with_directory);
  return EX_OK;
}

int run_status(const LabOptions& options) {
  const auto lock = open_existing_lock(options.state_dir);
  if (!lock) return report(lock.error());
  if (!lock->fd || lock->held) return report({Errc::kUnavailable, "not up", "passport-lab up"});
  const auto summary = load_summary(options.state_dir);
  if (!summary) return report(summary.error());
  print(*summary, options.json);
  return EX_OK;
}

}  // namespace passport::lab
