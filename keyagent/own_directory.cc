#include "keyagent/own_directory.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace passport::keyagent {
namespace {

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

std::string absolute_variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && value[0] == '/' ? value : "";
}

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
  if (const auto runtime = absolute_variable("XDG_RUNTIME_DIR"); !runtime.empty())
    return runtime + "/passport";
  if (const auto state = absolute_variable("XDG_STATE_HOME"); !state.empty())
    return state + "/passport";
  if (const auto home = absolute_variable("HOME"); !home.empty())
    return home + "/.local/state/passport";
  return Error{Errc::kConfig, "neither XDG_RUNTIME_DIR nor HOME is set",
               "name a folder: --directory"};
}

Result<void> make_directory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (error) return unusable(path, error.value());
  if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) return unusable(path, errno);
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return unusable(path, errno);
  if (!S_ISDIR(status.st_mode)) return unusable(path, ENOTDIR);
  if (status.st_uid != ::geteuid())
    return Error{Errc::kDenied, fmt::format("\"{}\" belongs to another user", path)};
  if ((status.st_mode & kOthers) != 0)
    return Error{Errc::kDenied, fmt::format("other users may enter \"{}\"", path),
                 fmt::format("chmod 700 '{}'", path)};
  return {};
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
