#include "tests/lab/instance_relay.h"

#include <array>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab/instance_spawn.h"

namespace passport::lab {
namespace {

// Copies what is there from one socket to the other, blocking while the other is full. False at
// the end.
bool copy_some(int from, int to) {
  std::array<char, 65536> buffer{};
  const ssize_t n = ::recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (n <= 0) return false;
  for (ssize_t done = 0; done < n;) {
    const ssize_t sent =
        ::send(to, buffer.data() + done, static_cast<std::size_t>(n - done), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    done += sent;
  }
  return true;
}

}  // namespace

CommandResult run_command(const std::vector<std::string>& argv) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  Fd output(ends[0]);
  Fd input(ends[1]);
  const auto child = spawn({.argv = argv, .fds = {-1, input.get(), STDERR_FILENO, -1}});
  input.reset();
  if (!child) return {};
  CommandResult result;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = ::read(output.get(), buffer.data(), buffer.size())) > 0;) {
    result.standard_output.append(buffer.data(), static_cast<std::size_t>(n));
  }
  result.exit_status = wait_for_child(*child, std::chrono::seconds(30)).value_or(-1);
  return result;
}

PortRelay::PortRelay(Fd far_end)
    : far_end_(std::move(far_end)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(listener_.get(), generic, size), 0);
  EXPECT_EQ(::listen(listener_.get(), 1), 0);
  EXPECT_EQ(::getsockname(listener_.get(), generic, &size), 0);
  port_ = ntohs(address.sin_port);
  ::fcntl(far_end_.get(), F_SETFL, 0);
  thread_ = std::thread([this] { relay(); });
}

PortRelay::~PortRelay() {
  ::shutdown(listener_.get(), SHUT_RDWR);  // wakes an accept that nobody came for
  ::shutdown(far_end_.get(), SHUT_RDWR);
  thread_.join();
}

void PortRelay::relay() {
  const Fd near_end(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!near_end) return;
  std::array<pollfd, 2> polled{{{near_end.get(), POLLIN, 0}, {far_end_.get(), POLLIN, 0}}};
  while (::poll(polled.data(), polled.size(), -1) > 0) {
    if (polled[0].revents != 0 && !copy_some(near_end.get(), far_end_.get())) return;
    if (polled[1].revents != 0 && !copy_some(far_end_.get(), near_end.get())) return;
  }
}

}  // namespace passport::lab
