#include "lab/instance_dial.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

namespace passport::lab {
namespace {

int begin_connect(int fd, const sockaddr* address, socklen_t size) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return ::connect(fd, address, size) == 0 ? 0 : errno;
}

}  // namespace

// 0 or EINPROGRESS: under way.
int InstanceDials::begin(Dial& dial) {
  dial.fd.reset(::socket(dial.second ? AF_INET6 : AF_INET,
                         SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!dial.fd) return errno;
  if (dial.second) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(dial.port);
    address.sin6_addr = in6addr_loopback;
    return begin_connect(dial.fd.get(), reinterpret_cast<const sockaddr*>(&address),
                         sizeof address);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(dial.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return begin_connect(dial.fd.get(), reinterpret_cast<const sockaddr*>(&address),
                       sizeof address);
}

void InstanceDials::start(const InstanceRequest& request, Time now,
                          std::vector<InstanceAnswer>& answers) {
  if (dials_.size() >= kMaxDials) return answers.push_back({request.id, EAGAIN});
  if (request.argument == 0 || request.argument > 65535) {
    return answers.push_back({request.id, EINVAL});
  }
  Dial dial;
  dial.id = request.id;
  dial.port = static_cast<unsigned short>(request.argument);
  dial.deadline = now + kConnectDeadline;
  dial.first_error = begin(dial);
  if (dial.first_error != 0 && dial.first_error != EINPROGRESS) dial.fd.reset();
  dials_.push_back(std::move(dial));
}

// True when it is over.
bool InstanceDials::step(Dial& dial, Time now, std::vector<InstanceAnswer>& answers) {
  pollfd state{dial.fd.get(), POLLOUT, 0};
  if (dial.fd && ::poll(&state, 1, 0) > 0) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(dial.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0) {
      answers.push_back({dial.id, 0, {}, std::move(dial.fd)});
      return true;
    }
    if (!dial.second) dial.first_error = error;
    dial.fd.reset();
  }
  if (!dial.fd && !dial.second) {
    dial.second = true;
    const int error = begin(dial);
    if (error == 0 || error == EINPROGRESS) return step(dial, now, answers);
    dial.fd.reset();
  }
  if (dial.fd && now < dial.deadline) return false;
  answers.push_back({dial.id, dial.fd ? ETIMEDOUT : dial.first_error});
  return true;
}

void InstanceDials::advance(Time now, std::vector<InstanceAnswer>& answers) {
  dials_.remove_if([&](Dial& dial) { return step(dial, now, answers); });
}

void InstanceDials::add_poll(std::vector<pollfd>& polled) const {
  for (const Dial& dial : dials_) polled.push_back({dial.fd.get(), POLLOUT, 0});
}

std::optional<InstanceDials::Time> InstanceDials::next_deadline() const {
  std::optional<Time> next;
  for (const Dial& dial : dials_) next = next ? std::min(*next, dial.deadline) : dial.deadline;
  return next;
}

}  // namespace passport::lab
