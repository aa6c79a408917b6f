#include "net/file_lock.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace passport::net {

Result<FileLock> FileLock::take(const std::string& path) {
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
  if (!file)
    return Error{errno == EACCES || errno == EPERM ? Errc::kDenied : Errc::kConfig,
                 fmt::format("\"{}\": {}", path, errno_text(errno))};
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
    return Error{Errc::kConflict, fmt::format("another process has \"{}\"", path)};
  return FileLock(std::move(file));
}

Result<void> FileLock::write(std::string_view text) {
  if (::ftruncate(file_.get(), 0) != 0 ||
      ::pwrite(file_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return Error{Errc::kUnavailable, "a lock cannot be written: " + errno_text(errno)};
  return {};
}

}  // namespace passport::net
