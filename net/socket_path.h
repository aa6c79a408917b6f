// The path of a unix socket, as an address of the kernel's.
#pragma once
#include <cstring>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/un.h>
#include <unistd.h>

namespace passport::net {

/// A path of any length: the folder is held open and named by its descriptor, so that sun_path
/// is long enough. Valid while this lives.
class SocketPath {
 public:
  explicit SocketPath(const std::string& path) {
    const auto slash = path.rfind('/');
    const auto start = slash == std::string::npos ? 0 : slash + 1;
    const auto folder = start == 0 ? std::string(".") : path.substr(0, start);
    folder_ = ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    name_ = fmt::format("/proc/self/fd/{}/{}", folder_, path.substr(start));
  }
  ~SocketPath() {
    if (folder_ >= 0) ::close(folder_);
  }
  SocketPath(const SocketPath&) = delete;
  SocketPath& operator=(const SocketPath&) = delete;

  /// 0, or why there is no such address: an errno.
  int fill(sockaddr_un& address) const {
    address = {};
    address.sun_family = AF_UNIX;
    if (folder_ < 0) return ENOENT;
    if (name_.size() >= sizeof address.sun_path) return ENAMETOOLONG;
    std::memcpy(address.sun_path, name_.c_str(), name_.size() + 1);
    return 0;
  }

 private:
  int folder_ = -1;
  std::string name_;
};

}  // namespace passport::net
