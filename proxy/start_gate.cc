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

std::string why_not() {
  return std::generic_category().message(errno);
}

bool is_ours_alone(const struct stat& found) {
  return found.st_uid == ::geteuid() && (found.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

/// The directory and those above it, which a fresh home may lack.
Result<void> make_directory(const std::string& path) {
  for (auto at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1))
    (void)::mkdir(path.substr(0, at).c_str(), 0700);  // what matters is that the last is there
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return unusable(path, why_not());
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return unusable(path, why_not());
  if (!S_ISDIR(found.st_mode)) return unusable(path, "not a directory");
  if (!is_ours_alone(found)) return unusable(path, "others may use it (chmod 700)");
  return {};
}

Result<File> open_file(const StartGate& gate) {
  std::array<std::uint8_t, 32> digest{};
  EVP_Digest(gate.endpoint.data(), gate.endpoint.size(), digest.data(), nullptr, EVP_sha256(),
             nullptr);
  const auto path = gate.directory + "/starts-" + encode_hex(ByteView(digest).first(8));
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

std::string find_start_directory(const aws::Environment& environment) {
  const auto runtime = aws::find_variable(environment, "XDG_RUNTIME_DIR");
  if (runtime.starts_with('/')) return runtime + "/passport";
  const auto home = aws::find_variable(environment, "HOME");
  return home.starts_with('/') ? home + "/.local/state/passport" : std::string();
}

net::Task<Result<void>> wait_for_turn(StartGate gate) {
  if (gate.directory.empty())
    co_return Error{Errc::kConfig, "--start-rate: neither XDG_RUNTIME_DIR nor HOME is set"};
  if (auto made = make_directory(gate.directory); !made) co_return made;
  const auto file = open_file(gate);
  if (!file) co_return file.error();
  const auto give_up = net::deadline_in(kLockTimeout);
  while (::flock(file->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) co_return unusable(gate.directory, why_not());
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
