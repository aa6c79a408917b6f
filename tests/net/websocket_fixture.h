// A websocket's two ends on loopback, for the tests of net/websocket.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "net/connect.h"
#include "net/event.h"
#include "net/http_io.h"
#include "net/websocket_accept.h"
#include "tests/net/loopback.h"

namespace passport::net {

using Socket = std::unique_ptr<WebSocket>;

inline WebSocketMessage message(std::size_t size, bool text = false) {
  WebSocketMessage out{.text = text, .bytes = Bytes(size)};
  for (std::size_t i = 0; i < size; ++i) {
    out.bytes[i] = static_cast<std::uint8_t>(text ? 'a' + i % 26 : i * 7 + i / 251);
  }
  return out;
}

inline std::unique_ptr<TlsEngine> server_engine() {
  return TlsEngine::server(server_tls());
}

class WebSockets : public testing::Test {
 protected:
  using Service = std::function<Task<void>(wire::HttpRequest, Socket)>;

  void serve(Service service, int status = 101, std::string body = "") {
    const wire::HttpResponse decision{status, {}, std::move(body)};
    auto listening = HttpServer::listen(
        io_.get_executor(), server_tls(), "127.0.0.1", 0,
        {.request = {},
         .upgrade = [decision](const wire::HttpRequest&) -> Task<wire::HttpResponse> {
           co_return decision;
         },
         .websocket = std::move(service)});
    ASSERT_TRUE(listening);
    server_ = std::move(*listening);
    port_ = server_->port();
  }

  /// A server under the test's own hand: `act` has the websocket and the stream beneath it.
  void serve_raw(std::function<Task<void>(Socket, BufferedStream)> act) {
    acceptor_.emplace(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    port_ = acceptor_->local_endpoint().port();
    const auto run = [](tcp::acceptor& acceptor,
                        std::function<Task<void>(Socket, BufferedStream)> then) -> Task<void> {
      BufferedStream stream(co_await acceptor.async_accept(asio::use_awaitable),
                            server_engine());
      if (!co_await stream.handshake()) co_return;
      http::request_parser<http::string_body> parser;
      if (co_await read_http(stream, parser, false)) co_return;
      wire::HttpRequest request;
      request.headers = headers_of(parser.get());
      const wire::HttpHeaders none;
      auto accepted = accept_websocket(stream, request, none);
      if (accepted) co_await then(std::move(*accepted), stream);
    };
    asio::co_spawn(io_, run(*acceptor_, std::move(act)), [](std::exception_ptr) {});
  }

  Result<Socket> connect(wire::HttpRequest request = {}, Deadline deadline = soon()) {
    return test::run_task(io_, WebSocket::connect(io_.get_executor(), client_tls(), at(port_),
                                                  std::move(request), deadline));
  }

  Socket connected() {
    auto socket = connect();
    EXPECT_TRUE(socket) << socket.error().detail;
    return std::move(*socket);
  }

  bool write(WebSocket& socket, const std::vector<WebSocketMessage>& messages) {
    return test::run_task(io_, socket.write(messages));
  }

  std::optional<WebSocketMessage> read(WebSocket& socket) {
    WebSocketMessage in;
    if (!test::run_task(io_, socket.read(in))) return std::nullopt;
    return in;
  }

  void close(WebSocket& socket, unsigned code, std::string reason, Deadline deadline) {
    test::run_task(io_, socket.close(code, std::move(reason), deadline));
  }

  static Task<void> echo(wire::HttpRequest, Socket socket) {
    WebSocketMessage in;
    while (co_await socket->read(in)) {
      if (!co_await socket->write({&in, 1})) break;
    }
  }

  static Task<void> never() {
    asio::steady_timer timer(co_await asio::this_coro::executor, Deadline::max());
    co_await timer.async_wait(asio::use_awaitable);
  }

  asio::io_context io_;
  std::unique_ptr<HttpServer> server_;
  std::optional<tcp::acceptor> acceptor_;
  unsigned short port_ = 0;
};

}  // namespace passport::net
