#include "api/agent_relay.h"

#include <array>
#include <cerrno>
#include <optional>

#include <sys/socket.h>

#include "net/socket_path.h"
#include "wire/ssh/agent_message.h"

namespace passport::api {
namespace {

using wire::ssh::AgentMessage;
using wire::ssh::kMaxAgentMessage;

void set_patience(int fd) {
  const timeval patience{AgentRelay::kPatienceS, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

bool read_all(int fd, Bytes& into) {
  std::size_t size = 0;
  while (size < into.size()) {
    const auto n = ::recv(fd, into.data() + size, into.size() - size, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    size += static_cast<std::size_t>(n);
  }
  return true;
}

/// A message without its length; nullopt at the end, or when it does not come in time.
std::optional<Bytes> read_message(int fd) {
  Bytes length(4);
  if (!read_all(fd, length)) return std::nullopt;
  const auto size = ByteReader(length).u32();
  if (size == 0 || size > kMaxAgentMessage) return std::nullopt;
  Bytes message(size);
  if (!read_all(fd, message)) return std::nullopt;
  return message;
}

bool write_message(int fd, ByteView message) {
  Bytes out;
  append_u32(out, static_cast<std::uint32_t>(message.size()));
  append(out, message);
  ByteView left(out);
  while (!left.empty()) {
    const auto n = ::send(fd, left.data(), left.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    left = left.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

net::Fd connect_agent(const std::string& path) {
  const net::SocketPath at(path);
  sockaddr_un address{};
  net::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd || at.fill(address) != 0) return {};
  set_patience(fd.get());
  const auto* plain = reinterpret_cast<const sockaddr*>(&address);
  return ::connect(fd.get(), plain, sizeof address) == 0 ? std::move(fd) : net::Fd();
}

}  // namespace

AgentRelay::AgentRelay(std::string agent_socket, OfferedIdentities offered)
    : path_(std::move(agent_socket)), offered_(std::move(offered)) {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return;
  server_.reset(ends[0]);
  client_.reset(ends[1]);
  set_patience(server_.get());
}

void AgentRelay::serve() {
  const auto message = read_message(server_.get());
  if (!message) return server_.reset();
  auto answer = offered_.answer(*message);
  if (!answer) answer = ask_agent(*message);
  if (!write_message(server_.get(), *answer)) server_.reset();
}

Bytes AgentRelay::ask_agent(ByteView message) {
  Bytes failure{static_cast<std::uint8_t>(AgentMessage::kFailure)};
  if (!agent_) agent_ = connect_agent(path_);
  auto answer = agent_ && write_message(agent_.get(), message) ? read_message(agent_.get())
                                                               : std::nullopt;
  if (!answer) {
    agent_.reset();
    agent_missing_ = true;
    return failure;
  }
  if (answer->front() != static_cast<std::uint8_t>(AgentMessage::kSignResponse))
    agent_refused_ = true;
  return std::move(*answer);
}

}  // namespace passport::api
