#include "lab/port_server.h"

#include <cerrno>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace passport::lab {
namespace {

constexpr std::size_t kBuffer = std::size_t{256} * 1024;

ssize_t read_some(int fd, std::vector<char>& buffer) {
  ssize_t n = -1;
  do n = ::recv(fd, buffer.data(), buffer.size(), 0);
  while (n < 0 && errno == EINTR);
  return n;
}

bool write_all(int fd, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t n = ::send(fd, data, size, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    data += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

void serve_echo(int fd) {
  std::vector<char> buffer(kBuffer);
  for (ssize_t n = 0; (n = read_some(fd, buffer)) > 0;) {
    if (!write_all(fd, buffer.data(), static_cast<std::size_t>(n))) return;
  }
}

void serve_discard(int fd) {
  std::vector<char> buffer(kBuffer);
  while (read_some(fd, buffer) > 0) {
  }
}

void serve_source(int fd) {
  std::vector<char> pattern(kSourcePeriod);
  for (std::uint64_t i = 0; i < kSourcePeriod; ++i) {
    pattern[i] = static_cast<char>(source_byte(i));
  }
  while (write_all(fd, pattern.data(), pattern.size())) {
  }
}

}  // namespace

std::optional<PortService> find_port_service(unsigned short port) {
  for (const PortService service : kPortServices) {
    if (static_cast<unsigned short>(service) == port) return service;
  }
  return std::nullopt;
}

Result<Fd> listen_port(unsigned short port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (!fd || ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.get(), SOMAXCONN) != 0) {
    return Error{Errc::kUnavailable,
                 "listen on port " + std::to_string(port) + ": " + errno_text(errno)};
  }
  return fd;
}

void serve_port(PortService service, int fd) {
  switch (service) {
    case PortService::kEcho:
      return serve_echo(fd);
    case PortService::kDiscard:
      return serve_discard(fd);
    case PortService::kSource:
      return serve_source(fd);
  }
}

}  // namespace passport::lab
