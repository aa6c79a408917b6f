#include "net/command.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "net/spawn.h"
#include "net/watchdog.h"

namespace passport::net {
namespace {

using asio::posix::stream_descriptor;
using boost::system::error_code;

struct Pipe {
  int reads = -1;
  int writes = -1;

  Pipe() = default;
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    drop(reads);
    drop(writes);
  }
  bool open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    reads = ends[0];
    writes = ends[1];
    return true;
  }
  static void drop(int& end) {
    if (end >= 0) ::close(std::exchange(end, -1));
  }
};

/// What `text` is read from, however long it is: a file in memory. -1: errno says why.
int make_input(std::string_view text) {
  int fd = ::memfd_create("input", MFD_CLOEXEC);
  const bool good =
      fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::lseek(fd, 0, SEEK_SET) == 0;
  if (!good) Pipe::drop(fd);
  return fd;
}

/// A child that has been started; killed and waited for if it is still there at the end.
class Child {
 public:
  Child() = default;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(group_ ? -pid_ : pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  void set(pid_t pid, bool group) {
    pid_ = pid;
    group_ = group;
  }
  /// Whether it has ended; then status() is as of waitpid(2).
  bool poll() {
    if (pid_ > 0 && ::waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = 0;
    return pid_ == 0;
  }
  int status() const { return status_; }

 private:
  pid_t pid_ = 0;
  bool group_ = false;
  int status_ = 0;
};

/// What it says on its standard error, read for as long as it or a child of its has that open.
Task<void> keep_errors(std::shared_ptr<stream_descriptor> pipe,
                       std::shared_ptr<std::string> kept) {
  std::array<char, 1024> buffer{};
  error_code error;
  while (!error) {
    const auto n = co_await pipe->async_read_some(
        asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
    kept->append(buffer.data(), std::min(n, kMaxCommandErrors - kept->size()));
  }
}

Task<Result<std::string>> read_output(stream_descriptor& pipe, std::size_t most,
                                      Deadline deadline) {
  const auto watchdog = cancel_at(deadline, pipe);
  // What may be secret is no longer than this, and so not copied.
  std::string out(std::min(most, kMaxCommandOutput) + 1, '\0');
  std::size_t size = 0;
  error_code error;
  while (!error && size <= most) {
    if (size == out.size()) out.resize(std::min(2 * size, most + 1));
    size += co_await pipe.async_read_some(asio::buffer(out.data() + size, out.size() - size),
                                          asio::redirect_error(asio::use_awaitable, error));
  }
  if (watchdog.expired()) co_return Error{Errc::kTimeout, "it did not end in time"};
  if (error && error != asio::error::eof)
    co_return Error{Errc::kUnavailable, "reading its output: " + error.message()};
  if (size > most) {
    OPENSSL_cleanse(out.data(), out.size());
    co_return Error{Errc::kTooLarge,
                    fmt::format("its output is larger than {} KiB", most >> 10)};
  }
  out.resize(size);
  co_return out;
}

Task<Result<int>> wait_for_end(Child& child, asio::any_io_executor executor,
                               Deadline deadline) {
  constexpr std::chrono::milliseconds kPoll{5};  // it has closed its output: it is ending
  asio::steady_timer timer(executor);
  while (!child.poll()) {
    if (std::chrono::steady_clock::now() >= deadline)
      co_return Error{Errc::kTimeout, "it did not end in time"};
    timer.expires_after(kPoll);
    co_await timer.async_wait(asio::use_awaitable);
  }
  co_return child.status();
}

/// Its output and its standard error, on descriptors that the caller owns.
struct Started {
  int output = -1;
  int errors = -1;
};

Result<Started> start(Command& command, Child& child) {
  const auto failed = [](int error) {
    return Error{Errc::kUnavailable, std::string("pipe: ") + std::strerror(error)};
  };
  if (command.input.size() > kMaxCommandInput)
    return Error{Errc::kTooLarge,
                 fmt::format("its input is larger than {} KiB", kMaxCommandInput >> 10)};
  Pipe output;
  Pipe errors;
  Pipe input;
  if (!output.open() || !errors.open()) return failed(errno);
  input.reads = make_input(command.input);
  if (input.reads < 0) return failed(errno);
  pid_t pid = 0;
  // None of the descriptors is below 3: the standard ones are taken.
  const int error =
      spawn(pid, {command.words, input.reads, output.writes, command.alone ? errors.writes : -1,
                  command.alone, command.environment, command.bare});
  if (error != 0) return cannot_run(command.words[0], error);
  child.set(pid, command.alone);
  return Started{std::exchange(output.reads, -1), std::exchange(errors.reads, -1)};
}

}  // namespace

Task<Result<CommandEnd>> run_command(Command command, Deadline deadline) {
  Child child;
  const auto started = start(command, child);
  if (!started) co_return started.error();
  const auto executor = co_await asio::this_coro::executor;
  stream_descriptor pipe(executor, started->output);
  auto errors = std::make_shared<stream_descriptor>(executor, started->errors);
  const auto kept = std::make_shared<std::string>();
  asio::co_spawn(executor, keep_errors(errors, kept), asio::detached);
  auto output = co_await read_output(pipe, command.most_output, deadline);
  auto status = Result<int>(0);
  if (output) status = co_await wait_for_end(child, executor, deadline);
  error_code ignored;
  errors->cancel(ignored);
  if (!output) co_return output.error();
  if (!status) {
    OPENSSL_cleanse(output->data(), output->size());
    co_return status.error();
  }
  co_return CommandEnd{*status, std::move(*output), *kept};
}

std::string find_program(const std::string& name) {
  std::error_code error;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto beside = (own.parent_path() / name).string();
  return !error && ::access(beside.c_str(), X_OK) == 0 ? beside : name;
}

std::string describe_status(int status) {
  if (WIFSIGNALED(status)) return fmt::format("it was ended by signal {}", WTERMSIG(status));
  return fmt::format("it exited with status {}", WEXITSTATUS(status));
}

}  // namespace passport::net
