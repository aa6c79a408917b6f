// The socket over which a running lab takes new faults.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "lab/instance_fd.h"
#include "net/asio.h"

namespace passport::lab {

/// Listens on a unix socket for its owner alone. Each connection says one line of at most
/// kMaxControlLine bytes, is answered with one and closed, all within five seconds.
class ControlServer {
 public:
  using Answer = std::function<std::string(const std::string& line)>;

  /// Errors: kUnavailable.
  static Result<std::unique_ptr<ControlServer>> listen(
      const net::asio::any_io_executor& executor, const std::string& path, Answer answer);
  virtual ~ControlServer() = default;  ///< stops listening
};

/// A path of any length in a form that fits a socket's address. Valid while `folder` is open;
/// `path` is empty when the folder cannot be opened.
struct SocketAddress {
  Fd folder;
  std::string path;
};
SocketAddress make_socket_address(const std::string& path);

}  // namespace passport::lab
