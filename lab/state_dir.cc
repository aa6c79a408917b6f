#include "lab/state_dir.h"

#include <charconv>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/summary.h"

namespace passport::lab {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFile = 1 << 20;
constexpr std::chrono::milliseconds kLockPoll{10};

Error failed(const std::string& path, int error, Errc code = Errc::kUnavailable) {
  return {code, fmt::format("\"{}\": {}", path, errno_text(error))};
}

bool try_lock(int fd) {
  return ::flock(fd, LOCK_EX | LOCK_NB) == 0;
}

Result<LabLock> open_lock_file(const std::string& state_dir, int flags) {
  const auto path = state_dir + "/" + kPidFile;
  for (;;) {
    LabLock lock{Fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600)),
                 false};
    if (!lock.fd) {
      if (errno == ENOENT) return LabLock{};
      return failed(path, errno);
    }
    lock.held = try_lock(lock.fd.get());
    if (!lock.held || is_current(state_dir, lock)) return lock;
  }
}

}  // namespace

Result<bool> make_state_dir(const std::string& path) {
  std::error_code error;
  const auto parent = fs::path(path).parent_path();
  if (!parent.empty()) fs::create_directories(parent, error);
  const bool made = ::mkdir(path.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) return failed(path, errno, Errc::kConfig);
  struct stat s {};
  if (::lstat(path.c_str(), &s) != 0) return failed(path, errno, Errc::kConfig);
  if (!S_ISDIR(s.st_mode)) return failed(path, ENOTDIR, Errc::kConfig);
  if (s.st_uid != ::geteuid() || (s.st_mode & 022) != 0) {
    return Error{
        Errc::kConfig,
        fmt::format("\"{}\": the state directory must be yours and writable for you alone",
                    path)};
  }
  return made;
}

Result<LabLock> open_lock(const std::string& state_dir) {
  return open_lock_file(state_dir, O_CREAT);
}

Result<LabLock> open_existing_lock(const std::string& state_dir) {
  return open_lock_file(state_dir, 0);
}

bool is_current(const std::string& state_dir, const LabLock& lock) {
  const auto path = state_dir + "/" + kPidFile;
  struct stat by_path {};
  struct stat by_fd {};
  return ::stat(path.c_str(), &by_path) == 0 && ::fstat(lock.fd.get(), &by_fd) == 0 &&
         by_path.st_ino == by_fd.st_ino && by_path.st_dev == by_fd.st_dev;
}

bool wait_for_lock(LabLock& lock, std::chrono::milliseconds within) {
  const auto until = std::chrono::steady_clock::now() + within;
  while (!lock.held && std::chrono::steady_clock::now() < until) {
    lock.held = try_lock(lock.fd.get());
    if (!lock.held) std::this_thread::sleep_for(kLockPoll);
  }
  return lock.held;
}

void write_pid(const LabLock& lock, pid_t pid) {
  const auto text = std::to_string(pid) + "\n";
  if (::ftruncate(lock.fd.get(), 0) == 0) {
    [[maybe_unused]] const auto n = ::pwrite(lock.fd.get(), text.data(), text.size(), 0);
  }
}

pid_t read_pid(const LabLock& lock) {
  char text[32];
  const auto n = ::pread(lock.fd.get(), text, sizeof text, 0);
  pid_t pid = 0;
  if (n > 0) std::from_chars(text, text + n, pid);
  return pid;
}

Result<void> save_file(const std::string& path, std::string_view text) {
  const auto temporary = path + ".new";
  Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return failed(temporary, errno);
  while (!text.empty()) {
    const auto n = ::write(fd.get(), text.data(), text.size());
    if (n < 0 && errno != EINTR) return failed(temporary, errno);
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return failed(path, errno);
  return {};
}

Result<std::string> load_file(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return failed(path, errno, Errc::kNotFound);
  std::string out;
  char buffer[4096];
  for (;;) {
    const auto n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed(path, errno, Errc::kNotFound);
    if (n == 0) return out;
    out.append(buffer, static_cast<std::size_t>(n));
    if (out.size() > kMaxFile)
      return Error{Errc::kTooLarge, fmt::format("\"{}\" is too large", path)};
  }
}

void remove_state(const std::string& state_dir, bool with_directory) {
  std::error_code ignored;
  for (const char* file :
       {kEnvFile, kCaFile, kKeyFile, "id_ed25519.pub", kKnownHostsFile, kSshConfigFile,
        kAuditFile, kFeatherweightFile, kLogFile, kSummaryFile, kWebIdentityFile, kSsoTokenFile,
        kMfaCodeFile, kControlFile}) {
    fs::remove(state_dir + "/" + file, ignored);
    fs::remove(state_dir + "/" + file + ".new", ignored);
  }
  fs::remove_all(state_dir + "/" + kInstancesDir, ignored);
  fs::remove(state_dir + "/" + kPidFile, ignored);
  if (with_directory) fs::remove(state_dir, ignored);
}

}  // namespace passport::lab
