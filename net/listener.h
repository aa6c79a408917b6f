// A local TCP port or unix socket that takes connections.
#pragma once
#include <memory>
#include <string>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/stat.h>

#include "base/result.h"
#include "net/asio.h"

namespace passport::net {

/// Bound and listening from its making on. A unix socket is the owner's alone (0600), and is
/// removed at the end; one that was left behind is taken over, unless somebody listens. Its
/// path may be longer than a socket's address.
class Listener {
 public:
  /// `address` an IPv4 or IPv6 address. Errors: kUnavailable, kDenied.
  static Result<std::unique_ptr<Listener>> tcp(const asio::any_io_executor& executor,
                                               const std::string& address, unsigned short port);
  static Result<std::unique_ptr<Listener>> unix_socket(const asio::any_io_executor& executor,
                                                       const std::string& path);
  /// A socket that listens already: this takes it over, and leaves its path as it is.
  static std::unique_ptr<Listener> adopt(const asio::any_io_executor& executor, int socket);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  unsigned short port() const { return port_; }  ///< of TCP; 0 for a unix socket

  /// A connected, non-blocking socket, the caller's; -1 after cancel(). Waits while this
  /// process has no descriptor left.
  Task<int> accept();
  void cancel();

 private:
  Listener(const asio::any_io_executor& executor, int socket);

  asio::posix::stream_descriptor descriptor_;
  asio::steady_timer pause_;
  unsigned short port_ = 0;
  std::string path_;  ///< empty for TCP
  struct stat made_ {};
  bool cancelled_ = false;
};

}  // namespace passport::net
