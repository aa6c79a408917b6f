#include "aws/credential_process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "net/watchdog.h"
#include "wire/aws/credential_messages.h"

extern char** environ;  // POSIX declares it nowhere

namespace passport::aws {
namespace {

namespace asio = net::asio;

Error unusable(std::string detail) {
  return {Errc::kConfig, std::move(detail)};
}

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  Result<std::vector<std::string>> run() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        end_word();
      } else if (c == '\'' || c == '"') {
        if (!take_quoted(c)) return unusable("a quote in it does not end");
      } else if (c == '\\') {
        if (++at_ == text_.size()) return unusable("it ends in a backslash");
        add(text_[at_]);
      } else {
        add(c);
      }
    }
    end_word();
    if (words_.empty()) return unusable("it is empty");
    return std::move(words_);
  }

 private:
  void add(char c) {
    word_ += c;
    in_word_ = true;
  }
  void end_word() {
    if (in_word_) words_.push_back(std::move(word_));
    word_.clear();
    in_word_ = false;
  }
  /// Stops at the closing quote. In double quotes a backslash hides '"' and itself, no more.
  bool take_quoted(char quote) {
    in_word_ = true;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == quote) return true;
      const bool escape = quote == '"' && text_[at_] == '\\' && at_ + 1 < text_.size() &&
                          (text_[at_ + 1] == '"' || text_[at_ + 1] == '\\');
      if (escape) ++at_;
      word_ += text_[at_];
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::string> words_;
  std::string word_;
  bool in_word_ = false;
};

/// A child that has been started; killed and waited for if it is still there at the end.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  Child(Child&&) = delete;
  Child& operator=(Child&&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  /// Whether it has ended; then status() is as of waitpid(2).
  bool poll() {
    if (pid_ > 0 && ::waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = 0;
    return pid_ == 0;
  }
  int status() const { return status_; }

 private:
  pid_t pid_;
  int status_ = 0;
};

/// Owns posix_spawn's two sets of instructions.
class SpawnPlan {
 public:
  explicit SpawnPlan(int output) {
    posix_spawn_file_actions_init(&actions_);
    // In this order: `output` may be descriptor 0, where ours was closed.
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawnattr_init(&attributes_);
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  SpawnPlan(SpawnPlan&&) = delete;
  SpawnPlan& operator=(SpawnPlan&&) = delete;
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  /// 0 or an errno.
  int spawn(pid_t& pid, std::vector<std::string>& words) const {
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    return posix_spawnp(&pid, argv[0], &actions_, &attributes_, argv.data(), environ);
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

/// Started with its standard output on the returned descriptor.
Result<pid_t> start(std::vector<std::string> words, int& output) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return Error{Errc::kUnavailable, std::string("pipe: ") + std::strerror(errno)};
  pid_t pid = 0;
  const int error = SpawnPlan(ends[1]).spawn(pid, words);
  ::close(ends[1]);
  if (error != 0) {
    ::close(ends[0]);
    return unusable("\"" + escape_for_terminal(words[0], 200) +
                    "\" cannot be run: " + std::strerror(error));
  }
  output = ends[0];
  return pid;
}

std::string describe_status(int status) {
  if (WIFSIGNALED(status)) return fmt::format("it was ended by signal {}", WTERMSIG(status));
  return fmt::format("it exited with status {}", WEXITSTATUS(status));
}

net::Task<Result<std::string>> read_all(asio::posix::stream_descriptor& pipe,
                                        net::Deadline deadline) {
  const auto watchdog = net::cancel_at(deadline, pipe);
  std::string out(kMaxProcessOutput + 1, '\0');
  std::size_t size = 0;
  boost::system::error_code error;
  while (!error && size < out.size())
    size += co_await pipe.async_read_some(asio::buffer(out.data() + size, out.size() - size),
                                          asio::redirect_error(asio::use_awaitable, error));
  if (watchdog.expired()) co_return Error{Errc::kTimeout, "it did not end in time"};
  if (error && error != asio::error::eof)
    co_return Error{Errc::kUnavailable, "reading its output: " + error.message()};
  if (size > kMaxProcessOutput) {
    OPENSSL_cleanse(out.data(), out.size());
    co_return Error{Errc::kTooLarge, "its output is larger than 64 KiB"};
  }
  out.resize(size);
  co_return out;
}

net::Task<Result<int>> wait_for_end(Child& child, asio::any_io_executor executor,
                                    net::Deadline deadline) {
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

}  // namespace

Result<std::vector<std::string>> split_command(std::string_view command) {
  return Splitter(command).run();
}

net::Task<Result<wire::aws::IssuedKey>> run_credential_process(std::string command,
                                                               net::Deadline deadline) {
  auto words = split_command(command);
  if (!words) co_return words.error();
  int output = -1;
  const auto pid = start(std::move(*words), output);
  if (!pid) co_return pid.error();
  Child child(*pid);
  const auto executor = co_await asio::this_coro::executor;
  asio::posix::stream_descriptor pipe(executor, output);
  auto text = co_await read_all(pipe, deadline);
  if (!text) co_return text.error();
  const auto status = co_await wait_for_end(child, executor, deadline);
  auto key = wire::aws::parse_process_credentials(*text);
  OPENSSL_cleanse(text->data(), text->size());
  if (!status) co_return status.error();
  if (*status != 0) co_return Error{Errc::kUnavailable, describe_status(*status)};
  if (!key) co_return unusable(key.error().detail);
  co_return std::move(*key);
}

}  // namespace passport::aws
