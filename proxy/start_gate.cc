#include "proxy/start_gate.h"

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/own_directory.h"
#include "base/log.h"
#include "base/text.h"
#include "proxy/start_turns.h"

namespace passport::proxy {
namespace {

using namespace std::chrono_literals;

constexpr auto kLockTimeout = 5s;
constexpr auto kLockPause = 5ms;
constexpr auto kQuiet = 5s;  ///< a wait that is not worth a line

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(const File&) = delete;
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(const File&) = delete;
  File& operator=(File&&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Error unusable(const std::string& path, const std::string& why) {
  return {Errc::kConfig, fmt::format("--start-rate: \"{}\": {}", path, why)};
}

/// What is wrong with the directory is wrong with the option.
Error not_usable(const Error& error) {
  return {Errc::kConfig, "--start-rate: " + error.detail, error.hint};
}

std::string why_not() {
  return std::generic_category().message(errno);
}

bool is_ours_alone(const struct stat& found) {
  return found.st_uid == ::geteuid() && (found.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

Result<File> open_file(const std::string& directory, const std::string& endpoint) {
  std::array<std::uint8_t, 32> digest{};
  EVP_Digest(endpoint.data(), endpoint.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  const auto path = directory + "/starts-" + encode_hex(ByteView(digest).first(8));
  File file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (file.get() < 0) return unusable(path, why_not());
  struct stat found {};
  if (::fstat(file.get(), &found) != 0) return unusable(path, why_not());
  if (!S_ISREG(found.st_mode) || !is_ours_alone(found))
    return unusable(path, "not a file of this user alone");
  return file;
}

std::string read_boot_id() {
  std::array<char, 64> text{};
  const File file(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  const auto n = file.get() < 0 ? 0 : ::read(file.get(), text.data(), text.size());
  auto id = std::string(text.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  id.erase(std::min(id.find_first_of(" \n"), id.size()));
  return id;
}

StartTurns::Time steady_now() {
  return std::chrono::steady_clock::now().time_since_epoch();  // the same in every process
}

/// Reads, takes a turn, writes. The caller holds the lock.
std::optional<StartTurns::Time> take_turn(int fd, unsigned rate) {
  std::array<char, StartTurns::kMaxText + 1> text{};
  const auto n = ::pread(fd, text.data(), text.size(), 0);
  auto turns = StartTurns::parse({text.data(), n > 0 ? static_cast<std::size_t>(n) : 0});
  const auto turn = turns.take(read_boot_id(), steady_now(), rate);
  const auto line = turns.serialize();
  // One that is torn, as by a full disk, counts as none: a start may then come too early.
  if (::pwrite(fd, line.data(), line.size(), 0) >= 0)
    (void)!::ftruncate(fd, static_cast<off_t>(line.size()));
  return turn;
}

net::Task<void> sleep_until(net::Deadline deadline) {
  net::asio::steady_timer timer(co_await net::asio::this_coro::executor, deadline);
  co_await timer.async_wait(net::asio::use_awaitable);
}

}  // namespace

net::Task<Result<void>> wait_for_turn(StartGate gate) {
  const auto directory = aws::find_own_directory(aws::process_environment());
  if (!directory) co_return not_usable(directory.error());
  if (auto made = aws::make_own_directory(*directory); !made)
    co_return not_usable(made.error());
  const auto file = open_file(*directory, gate.endpoint);
  if (!file) co_return file.error();
  const auto give_up = net::deadline_in(kLockTimeout);
  while (::flock(file->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) co_return unusable(*directory, why_not());
    if (std::chrono::steady_clock::now() >= give_up) {
      log_line("--start-rate: the turns are locked for 5 s: not waiting for one");
      co_return Result<void>();
    }
    co_await sleep_until(net::deadline_in(kLockPause));
  }
  const auto turn = take_turn(file->get(), gate.rate);
  ::flock(file->get(), LOCK_UN);
  if (!turn)
    co_return Error{Errc::kThrottled,
                    fmt::format("--start-rate {}: the wait would be more than {} minutes",
                                gate.rate, StartTurns::kLongestWait.count())};
  const net::Deadline at{*turn};
  const auto started = std::chrono::steady_clock::now();
  if (at - started > kQuiet) {
    co_await sleep_until(started + kQuiet);
    const auto left = std::chrono::ceil<std::chrono::seconds>(at - started - kQuiet);
    log_line(fmt::format("waiting {} s more for a turn to start (--start-rate {})",
                         left.count(), gate.rate));
  }
  co_await sleep_until(at);
  co_return Result<void>();
}

}  // namespace passport::proxy
