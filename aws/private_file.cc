#include "aws/private_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

namespace passport::aws {
namespace {

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

/// Its last folder; those above it too.
bool make_folder(const std::string& path) {
  if (path.empty() || ::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return true;
  if (errno != ENOENT) return false;
  const auto parent = std::filesystem::path(path).parent_path().string();
  if (parent == path || !make_folder(parent)) return false;
  return ::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST;
}

}  // namespace

Result<void> save_private_file(const std::string& path, std::string_view text, mode_t mode) {
  const auto failed = [&path](int error) {
    return Error{Errc::kUnavailable,
                 "cannot write " + escape_for_terminal(path) + ": " + std::strerror(error)};
  };
  if (!make_folder(std::filesystem::path(path).parent_path().string())) return failed(errno);
  auto part = path + ".XXXXXX";
  const int fd = ::mkostemp(part.data(), O_CLOEXEC);  // 0600, and its own
  if (fd < 0) return failed(errno);
  const bool written = write_all(fd, text) && ::fchmod(fd, mode) == 0 && ::fsync(fd) == 0;
  int error = errno;
  const bool closed = ::close(fd) == 0;
  if (written && !closed) error = errno;
  if (written && closed) {
    if (::rename(part.c_str(), path.c_str()) == 0) return {};
    error = errno;
  }
  ::unlink(part.c_str());
  return failed(error);
}

}  // namespace passport::aws
