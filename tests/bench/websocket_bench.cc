// How fast websocket messages go over loopback TLS, each answered by an acknowledgement of the
// data channel's size, and what they cost the client. Server and client are two processes.
#include <cstdio>
#include <cstdlib>
#include <string>

#include <boost/asio/detached.hpp>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/event.h"
#include "net/http_server.h"
#include "net/websocket.h"
#include "tests/support/run_task.h"
#include "tests/support/test_certificates.h"

namespace passport::net {
namespace {

using Socket = std::unique_ptr<WebSocket>;

constexpr std::size_t kAckSize = 300;
constexpr std::size_t kWindow = 4 << 20;  ///< bytes not acknowledged
constexpr std::size_t kBatch = 64 << 10;  ///< bytes a write
constexpr std::size_t kMaxAcks = 64;      ///< acknowledgements a write

struct Load {
  std::size_t size;
  std::size_t count;
};

std::vector<WebSocketMessage> messages(std::size_t count, std::size_t size) {
  WebSocketMessage one;
  one.bytes.assign(size, 0x5a);
  return std::vector<WebSocketMessage>(count, one);
}

Task<void> count_acks(WebSocket& socket, std::size_t& acked, std::size_t total, Event& event) {
  WebSocketMessage in;
  while (acked < total) {
    if (!co_await socket.read(in)) break;
    ++acked;
    if (!socket.has_buffered_input()) event.notify();
  }
  event.notify();
}

Task<void> send_load(WebSocket& socket, Load load) {
  const auto executor = co_await asio::this_coro::executor;
  Event event(executor);
  std::size_t acked = 0;
  asio::co_spawn(executor, count_acks(socket, acked, load.count, event), asio::detached);
  const auto batch = messages(std::max<std::size_t>(1, kBatch / load.size), load.size);
  const auto window = kWindow / load.size;
  for (std::size_t sent = 0; sent < load.count;) {
    const auto n = std::min(batch.size(), load.count - sent);
    if (!co_await socket.write(std::span(batch).first(n))) break;
    sent += n;
    while (sent - acked > window) co_await event.wait();
  }
  while (acked < load.count) co_await event.wait();
}

Task<void> take_load(WebSocket& socket, Load load) {
  const auto acks = messages(kMaxAcks, kAckSize);
  std::size_t owed = 0;
  WebSocketMessage in;
  for (std::size_t i = 0; i < load.count; ++i) {
    if (!co_await socket.read(in)) co_return;
    if (++owed < kMaxAcks && socket.has_buffered_input()) continue;
    co_await socket.write(std::span(acks).first(owed));
    owed = 0;
  }
  if (owed > 0) co_await socket.write(std::span(acks).first(owed));
}

/// The first message says what to do: "up SIZE COUNT" or "down SIZE COUNT".
Task<void> serve(wire::HttpRequest, Socket socket) {
  WebSocketMessage order;
  while (co_await socket->read(order)) {
    char direction[8];
    Load load{};
    const std::string text(as_text(order.bytes));
    if (std::sscanf(text.c_str(), "%7s %zu %zu", direction, &load.size, &load.count) != 3)
      break;
    if (direction[0] == 'u') {
      co_await take_load(*socket, load);
    } else {
      co_await send_load(*socket, load);
    }
  }
}

Task<wire::HttpResponse> accept(const wire::HttpRequest&) {
  wire::HttpResponse response;
  response.status = 101;
  co_return response;
}

Task<void> drive(WebSocket& socket, const char* direction, Load load) {
  WebSocketMessage order;
  order.text = true;
  const auto text = fmt::format("{} {} {}", direction, load.size, load.count);
  append(order.bytes, as_bytes(text));
  co_await socket.write(std::span(&order, 1));
  if (direction[0] == 'u') {
    co_await send_load(socket, load);
  } else {
    co_await take_load(socket, load);
  }
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](timeval t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void run_server(const test::TestCertificate& certificate, int port_to) {
  asio::io_context io;
  HttpHandlers handlers;
  handlers.upgrade = accept;
  handlers.websocket = serve;
  auto tls = TlsContext::server(certificate.chain_pem, certificate.key_pem);
  auto server = HttpServer::listen(io.get_executor(), *tls, "127.0.0.1", 0, handlers);
  const auto port = (*server)->port();
  if (::write(port_to, &port, sizeof port) != sizeof port) std::_Exit(1);
  io.run();
}

void run_client(const std::string& ca_file, unsigned short port, std::size_t megabytes) {
  asio::io_context io;
  const wire::Endpoint endpoint{.tls = true, .host = "127.0.0.1", .port = port, .path = ""};
  auto socket = test::run_task(
      io, WebSocket::connect(io.get_executor(), *TlsContext::client(ca_file), endpoint, {},
                             deadline_in(std::chrono::seconds(5))));
  for (const std::size_t size : {1536, 65536}) {
    for (const char* direction : {"up", "down"}) {
      const Load load{size, (megabytes << 20) / size};
      const auto began = std::chrono::steady_clock::now();
      const auto cpu = cpu_seconds();
      test::run_task(io, drive(**socket, direction, load));
      const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - began;
      const double used = cpu_seconds() - cpu;
      const double bytes = static_cast<double>(load.size * load.count);
      std::printf("%-4s %5zu bytes: %7.1f MB/s, client CPU %5.2f us a message, %5.2f s/GB\n",
                  direction, size, bytes / 1e6 / wall.count(),
                  used * 1e6 / (2.0 * static_cast<double>(load.count)), used / (bytes / 1e9));
    }
  }
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  std::printf("client peak RSS %ld KiB\n", usage.ru_maxrss);
}

}  // namespace
}  // namespace passport::net

int main(int argc, char** argv) {
  using namespace passport;
  const std::size_t megabytes = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 512;
  const test::TestCertificates ca;
  const auto certificate = ca.issue({"IP:127.0.0.1"});
  int port_pipe[2];
  if (::pipe(port_pipe) != 0) return 1;
  const pid_t child = ::fork();
  if (child < 0) return 1;
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    net::run_server(certificate, port_pipe[1]);
    std::_Exit(0);
  }
  unsigned short port = 0;
  if (::read(port_pipe[0], &port, sizeof port) != sizeof port) return 1;
  net::run_client(ca.ca_file(), port, megabytes);
  ::kill(child, SIGTERM);
  ::waitpid(child, nullptr, 0);
}
