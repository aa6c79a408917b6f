#include "net/peer.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace passport::net {
namespace {

constexpr std::uint32_t kAllStates = 0xffffffff;

struct Ends {
  sockaddr_storage ours{};
  sockaddr_storage theirs{};
};

bool get_ends(int socket, Ends& ends) {
  socklen_t ours = sizeof ends.ours;
  socklen_t theirs = sizeof ends.theirs;
  return ::getsockname(socket, reinterpret_cast<sockaddr*>(&ends.ours), &ours) == 0 &&
         ::getpeername(socket, reinterpret_cast<sockaddr*>(&ends.theirs), &theirs) == 0;
}

/// In the order and form of inet_diag_sockid.
struct Address {
  std::uint16_t port = 0;
  std::array<std::uint32_t, 4> words{};
};

Address read_address(const sockaddr_storage& from) {
  Address out;
  if (from.ss_family == AF_INET) {
    sockaddr_in a{};
    std::memcpy(&a, &from, sizeof a);
    out.port = a.sin_port;
    out.words[0] = a.sin_addr.s_addr;
  } else {
    sockaddr_in6 a{};
    std::memcpy(&a, &from, sizeof a);
    out.port = a.sin6_port;
    std::memcpy(out.words.data(), &a.sin6_addr, sizeof out.words);
  }
  return out;
}

bool is_loopback(const sockaddr_storage& address) {
  const auto a = read_address(address);
  if (address.ss_family == AF_INET) return ntohl(a.words[0]) >> 24 == 127;
  in6_addr six{};
  std::memcpy(&six, a.words.data(), sizeof six);
  return IN6_IS_ADDR_LOOPBACK(&six) ||
         (IN6_IS_ADDR_V4MAPPED(&six) && ntohl(a.words[3]) >> 24 == 127);
}

struct Request {
  nlmsghdr header{};
  inet_diag_req_v2 body{};
};

/// Of the socket whose own end is `theirs`.
Request make_request(const Ends& ends) {
  Request request;
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  auto& body = request.body;
  body.sdiag_family = static_cast<std::uint8_t>(ends.theirs.ss_family);
  body.sdiag_protocol = IPPROTO_TCP;
  body.idiag_states = kAllStates;
  const auto theirs = read_address(ends.theirs);
  const auto ours = read_address(ends.ours);
  body.id.idiag_sport = theirs.port;
  body.id.idiag_dport = ours.port;
  std::memcpy(body.id.idiag_src, theirs.words.data(), sizeof body.id.idiag_src);
  std::memcpy(body.id.idiag_dst, ours.words.data(), sizeof body.id.idiag_dst);
  body.id.idiag_cookie[0] = body.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  return request;
}

/// The kernel answers within the call: nothing here waits.
Peer ask_kernel(const Ends& ends) {
  const int netlink = ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (netlink < 0) return {};
  const auto request = make_request(ends);
  alignas(nlmsghdr) std::array<char, 1024> answer{};
  ssize_t n = ::send(netlink, &request, sizeof request, 0);
  if (n >= 0) n = ::recv(netlink, answer.data(), answer.size(), MSG_DONTWAIT);
  ::close(netlink);
  nlmsghdr header{};
  if (n < static_cast<ssize_t>(sizeof header)) return {};
  std::memcpy(&header, answer.data(), sizeof header);
  if (header.nlmsg_type == NLMSG_ERROR) {
    int error = 0;
    std::memcpy(&error, answer.data() + NLMSG_HDRLEN, sizeof error);
    const bool gone = error == -ENOENT && is_loopback(ends.theirs);
    return {gone ? Peer::Kind::kGone : Peer::Kind::kUnknown, 0};
  }
  inet_diag_msg found{};
  if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY ||
      n < NLMSG_HDRLEN + static_cast<ssize_t>(sizeof found))
    return {};
  std::memcpy(&found, answer.data() + NLMSG_HDRLEN, sizeof found);
  // A socket that nobody holds has no inode; its user is then said to be root.
  if (found.idiag_inode == 0) return {Peer::Kind::kGone, 0};
  return {Peer::Kind::kHere, found.idiag_uid};
}

Peer find_unix_peer(int socket) {
  ucred user{};
  socklen_t size = sizeof user;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &user, &size) != 0) return {};
  pollfd state{.fd = socket, .events = 0, .revents = 0};
  const bool gone = ::poll(&state, 1, 0) == 1 && (state.revents & POLLHUP) != 0;
  return {gone ? Peer::Kind::kGone : Peer::Kind::kHere, user.uid};
}

}  // namespace

Peer find_peer(int socket) {
  Ends ends;
  if (!get_ends(socket, ends)) return {};
  if (ends.ours.ss_family == AF_UNIX) return find_unix_peer(socket);
  if (ends.ours.ss_family == AF_INET || ends.ours.ss_family == AF_INET6)
    return ask_kernel(ends);
  return {};
}

bool is_peer_gone(int socket) {
  return find_peer(socket).kind == Peer::Kind::kGone;
}

bool is_own_user(int socket) {
  const auto peer = find_peer(socket);
  return peer.kind == Peer::Kind::kHere && (peer.user == 0 || peer.user == ::geteuid());
}

}  // namespace passport::net
