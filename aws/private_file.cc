#include "aws/private_file.h"

#include <array>
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

constexpr mode_t kPrivate = S_IRUSR | S_IWUSR;

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

/// Whether it is a file for this user alone with that text.
bool has_text(const std::string& path, std::string_view text) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return false;
  struct stat status {};
  bool same = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
              status.st_uid == ::geteuid() && (status.st_mode & 07777) == 0600 &&
              static_cast<std::size_t>(status.st_size) == text.size();
  std::array<char, 64 << 10> buffer;
  while (same && !text.empty()) {
    const auto n = ::read(fd, buffer.data(), buffer.size());
    same = n > 0 && text.starts_with(std::string_view(buffer.data(), std::size_t(n)));
    if (same) text.remove_prefix(std::size_t(n));
  }
  ::close(fd);
  return same;
}

/// `place` gives the complete file at its first path the second; false: errno says why.
Result<void> write_file(const std::string& path, std::string_view text, mode_t mode,
                        bool (*place)(const char* from, const char* to)) {
  const auto failed = [&path](int error) {
    return Error{Errc::kUnavailable,
                 "cannot write " + escape_for_terminal(path) + ": " + std::strerror(error)};
  };
  if (!make_folder(std::filesystem::path(path).parent_path().string())) return failed(errno);
  auto part = path + ".XXXXXX";
  const int fd = ::mkostemp(part.data(), O_CLOEXEC);  // 0600, and its own
  if (fd < 0) return failed(errno);
  const bool written = ::fchmod(fd, mode) == 0 && write_all(fd, text) && ::fsync(fd) == 0;
  int error = errno;
  const bool closed = ::close(fd) == 0;
  if (written && !closed) error = errno;
  if (written && closed) {
    if (place(part.c_str(), path.c_str())) return {};
    error = errno;
  }
  ::unlink(part.c_str());
  return failed(error);
}

}  // namespace

Result<void> replace_file(const std::string& path, std::string_view text, mode_t mode) {
  return write_file(path, text, mode,
                    [](const char* from, const char* to) { return ::rename(from, to) == 0; });
}

Result<void> save_private_file(const std::string& path, std::string_view text) {
  return replace_file(path, text, kPrivate);
}

Result<void> create_private_file(const std::string& path, std::string_view text) {
  auto written = write_file(path, text, kPrivate, [](const char* from, const char* to) {
    return ::link(from, to) == 0 && ::unlink(from) == 0;
  });
  if (!written && ::access(path.c_str(), F_OK) == 0)
    return Error{Errc::kConflict, escape_for_terminal(path) + " is there already"};
  return written;
}

Result<void> update_private_file(const std::string& path, std::string_view text) {
  return has_text(path, text) ? Result<void>() : save_private_file(path, text);
}

}  // namespace passport::aws
