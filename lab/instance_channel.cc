#include "lab/instance_channel.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/socket.h>

#include "lab/instance_protocol.h"

namespace passport::lab {
namespace {

Error gone(const char* what, int error) {
  return {Errc::kUnavailable,
          std::string("instance channel: ") + what + ": " + errno_text(error)};
}

void take_control_messages(msghdr& message, InstancePacket& packet) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET) continue;
    if (c->cmsg_type == SCM_RIGHTS) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c), sizeof fd);
      packet.passed.reset(fd);
    } else if (c->cmsg_type == SCM_CREDENTIALS) {
      ucred sender{};
      std::memcpy(&sender, CMSG_DATA(c), sizeof sender);
      packet.sender = sender.pid;
    }
  }
}

}  // namespace

Result<std::pair<Fd, Fd>> make_instance_channel() {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
    return gone("socketpair", errno);
  }
  std::pair<Fd, Fd> pair{Fd(ends[0]), Fd(ends[1])};
  const int on = 1;
  if (::setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    return gone("SO_PASSCRED", errno);
  }
  return pair;
}

Result<std::optional<InstancePacket>> receive_packet(int socket) {
  Bytes buffer(kMaxPacket);
  iovec part{buffer.data(), buffer.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(ucred))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t n = -1;
  do n = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    return std::optional<InstancePacket>();
  if (n < 0) return gone("receive", errno);
  if (n == 0) return Error{Errc::kUnavailable, "instance channel: closed"};
  InstancePacket packet;
  take_control_messages(message, packet);
  buffer.resize(static_cast<std::size_t>(n));
  packet.bytes = std::move(buffer);
  return std::optional(std::move(packet));
}

Result<bool> send_packet(int socket, ByteView bytes, int passed_fd) {
  iovec part{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (passed_fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(c), &passed_fd, sizeof passed_fd);
  }
  ssize_t n = -1;
  do n = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n >= 0) return true;
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) return false;
  return gone("send", errno);
}

}  // namespace passport::lab
