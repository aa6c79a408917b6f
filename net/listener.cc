#include "net/listener.h"

#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <boost/asio/redirect_error.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/error_text.h"
#include "net/socket_path.h"

namespace passport::net {
namespace {

using asio::posix::stream_descriptor;
using boost::system::error_code;

constexpr int kBacklog = 1024;
constexpr std::chrono::milliseconds kNoDescriptorPause{100};

Error cannot(const std::string& what, int error) {
  const bool denied = error == EACCES || error == EPERM;
  return {denied ? Errc::kDenied : Errc::kUnavailable,
          fmt::format("cannot listen at \"{}\": {}", what,
                      describe(error_code(error, boost::system::system_category())))};
}

int bind_to(int socket, const sockaddr_un& address) {
  return ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0
             ? 0
             : errno;
}

/// A socket at which nobody listens any more.
bool is_left_behind(const std::string& path, const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return false;
  const bool refused =
      ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno == ECONNREFUSED;
  ::close(probe);
  return refused;
}

bool is_transient(int error) {
  // What accept(2) says of connections that were lost meanwhile, too.
  return error == EAGAIN || error == EINTR || error == ECONNABORTED || error == EPROTO ||
         error == ENETDOWN || error == EHOSTUNREACH || error == ENETUNREACH;
}

}  // namespace

Listener::Listener(const asio::any_io_executor& executor, int socket)
    : descriptor_(executor, socket), pause_(executor) {}

Listener::~Listener() {
  struct stat now {};
  const bool ours = !path_.empty() && ::lstat(path_.c_str(), &now) == 0 &&
                    now.st_dev == made_.st_dev && now.st_ino == made_.st_ino;
  if (ours) ::unlink(path_.c_str());
}

Result<std::unique_ptr<Listener>> Listener::tcp(const asio::any_io_executor& executor,
                                                const std::string& address,
                                                unsigned short port) {
  const auto name = address.find(':') == std::string::npos
                        ? fmt::format("{}:{}", address, port)
                        : fmt::format("[{}]:{}", address, port);
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(port);
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  const bool is_four = ::inet_pton(AF_INET, address.c_str(), &four.sin_addr) == 1;
  if (!is_four && ::inet_pton(AF_INET6, address.c_str(), &six.sin6_addr) != 1)
    return cannot(name, EINVAL);
  auto* const at =
      is_four ? reinterpret_cast<sockaddr*>(&four) : reinterpret_cast<sockaddr*>(&six);
  socklen_t size = is_four ? sizeof four : sizeof six;
  const int socket = ::socket(at->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return cannot(name, errno);
  std::unique_ptr<Listener> made(new Listener(executor, socket));
  const int on = 1;
  (void)::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (!is_four) (void)::setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(socket, at, size) != 0 || ::listen(socket, kBacklog) != 0 ||
      ::getsockname(socket, at, &size) != 0)
    return cannot(name, errno);
  made->port_ = ntohs(is_four ? four.sin_port : six.sin6_port);
  return made;
}

Result<std::unique_ptr<Listener>> Listener::unix_socket(const asio::any_io_executor& executor,
                                                        const std::string& path) {
  const SocketPath at(path);
  sockaddr_un address;
  int error = at.fill(address);
  if (error != 0) return cannot(path, error);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return cannot(path, errno);
  std::unique_ptr<Listener> made(new Listener(executor, socket));
  // bind(2) takes the mode from the socket, so nobody can connect before it is right.
  if (::fchmod(socket, S_IRUSR | S_IWUSR) != 0) return cannot(path, errno);
  error = bind_to(socket, address);
  if (error == EADDRINUSE && is_left_behind(path, address)) {
    ::unlink(path.c_str());
    error = bind_to(socket, address);
  }
  if (error != 0) return cannot(path, error);
  if (::lstat(path.c_str(), &made->made_) != 0) return cannot(path, errno);
  made->path_ = path;
  if (::listen(socket, kBacklog) != 0) return cannot(path, errno);
  return made;
}

std::unique_ptr<Listener> Listener::adopt(const asio::any_io_executor& executor, int socket) {
  (void)::fcntl(socket, F_SETFD, FD_CLOEXEC);
  (void)::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
  return std::unique_ptr<Listener>(new Listener(executor, socket));
}

Task<int> Listener::accept() {
  error_code error;
  while (!cancelled_) {
    const int socket =
        ::accept4(descriptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) {
      const int on = 1;  // of no use, and no harm, to a unix socket
      (void)::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      co_return socket;
    }
    if (is_transient(errno)) {
      co_await descriptor_.async_wait(stream_descriptor::wait_read,
                                      asio::redirect_error(asio::use_awaitable, error));
    } else {
      pause_.expires_after(kNoDescriptorPause);
      co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }
  co_return -1;
}

void Listener::cancel() {
  cancelled_ = true;
  error_code ignored;
  descriptor_.cancel(ignored);
  pause_.cancel();
}

}  // namespace passport::net
