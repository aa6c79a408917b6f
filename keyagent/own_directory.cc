#include "keyagent/own_directory.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/own_directory.h"

namespace passport::keyagent {
namespace {

Error unusable(const std::string& path, int error) {
  return {error == EACCES || error == EPERM ? Errc::kDenied : Errc::kConfig,
          fmt::format("\"{}\": {}", path, std::strerror(error))};
}

}  // namespace

Result<std::string> find_directory(const std::string& given) {
  if (!given.empty()) {
    std::error_code error;
    const auto path = std::filesystem::absolute(given, error);
    if (error) return unusable(given, error.value());
    return path.string();
  }
  auto own = aws::find_own_directory(aws::process_environment());
  if (!own) return Error{own.error().code, own.error().detail, "name a folder: --directory"};
  return own;
}

Result<DirectoryLock> DirectoryLock::take(const std::string& directory) {
  const auto path = directory + "/agent.lock";
  const int file =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  if (file < 0) return unusable(path, errno);
  DirectoryLock lock(file);
  if (::flock(file, LOCK_EX | LOCK_NB) != 0)
    return Error{Errc::kUnavailable, fmt::format("an agent runs already in \"{}\"", directory)};
  return lock;
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept
    : file_(std::exchange(other.file_, -1)) {}

DirectoryLock::~DirectoryLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace passport::keyagent
