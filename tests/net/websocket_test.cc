#include "net/websocket.h"

#include <gtest/gtest.h>

#include "net/connect.h"
#include "net/event.h"
#include "net/http_io.h"
#include "net/websocket_accept.h"
#include "tests/net/loopback.h"

namespace passport::net {
namespace {

using Socket = std::unique_ptr<WebSocket>;

WebSocketMessage message(std::size_t size, bool text = false) {
  WebSocketMessage out{.text = text, .bytes = Bytes(size)};
  for (std::size_t i = 0; i < size; ++i) {
    out.bytes[i] = static_cast<std::uint8_t>(text ? 'a' + i % 26 : i * 7 + i / 251);
  }
  return out;
}

std::unique_ptr<TlsEngine> server_engine() {
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

TEST_F(WebSockets, EchoesMessagesOfAllSizes) {
  serve(echo);
  const auto socket = connected();
  for (const std::size_t size :
       {0, 1, 2, 125, 126, 127, 300, 1536, 16384, 65535, 65536, 70000, 1 << 20}) {
    for (const bool text : {false, true}) {
      const auto out = message(size, text);
      ASSERT_TRUE(write(*socket, {out}));
      const auto in = read(*socket);
      ASSERT_TRUE(in) << size;
      EXPECT_EQ(in->bytes, out.bytes) << size;
      EXPECT_EQ(in->text, text);
    }
  }
}

TEST_F(WebSockets, WritesBatchesInOrder) {
  serve(echo);
  const auto socket = connected();
  std::vector<WebSocketMessage> batch;
  for (std::size_t i = 0; i < 200; ++i) batch.push_back(message(i * 11, i % 3 == 0));
  ASSERT_TRUE(write(*socket, batch));
  for (const auto& out : batch) {
    const auto in = read(*socket);
    ASSERT_TRUE(in);
    EXPECT_EQ(in->bytes, out.bytes);
    EXPECT_EQ(in->text, out.text);
  }
}

TEST_F(WebSockets, GivesTheRequestAsItWas) {
  wire::HttpRequest seen;
  serve([&seen](wire::HttpRequest request, Socket) -> Task<void> {
    seen = std::move(request);
    co_return;
  });
  const auto socket = connect({"GET",
                               "/v1/data-channel/s-1?role=a%2Fb",
                               {{"Authorization", "AWS4-HMAC-SHA256 x, y"}},
                               ""});
  ASSERT_TRUE(socket);
  EXPECT_FALSE(read(**socket));
  EXPECT_EQ(seen.target, "/v1/data-channel/s-1?role=a%2Fb");
  EXPECT_EQ(wire::find_header(seen.headers, "authorization"), "AWS4-HMAC-SHA256 x, y");
  EXPECT_EQ(wire::find_header(seen.headers, "host"), "127.0.0.1:" + std::to_string(port_));
}

TEST_F(WebSockets, LosesNothingThatComesRightBehindTheUpgrade) {
  serve([](wire::HttpRequest, Socket socket) -> Task<void> {
    std::vector<WebSocketMessage> first;
    for (std::size_t i = 1; i <= 50; ++i) first.push_back(message(i * 40));
    co_await socket->write(first);
    co_await never();
  });
  const auto socket = connected();
  for (std::size_t i = 1; i <= 50; ++i) {
    const auto in = read(*socket);
    ASSERT_TRUE(in);
    EXPECT_EQ(in->bytes, message(i * 40).bytes);
    if (i == 1) {
      EXPECT_TRUE(socket->has_buffered_input());
    }
  }
  EXPECT_FALSE(socket->has_buffered_input());
}

TEST_F(WebSockets, PingsAreAnsweredWhileNothingElseComes) {
  serve(echo);
  const auto socket = connected();
  WebSocketMessage in;
  asio::co_spawn(io_, socket->read(in), [](std::exception_ptr, bool) {});
  const auto before = socket->last_heard();
  ASSERT_TRUE(test::run_task(io_, socket->ping()));
  const auto end = soon();
  while (socket->last_heard() == before && io_.run_one_until(end) > 0) continue;
  EXPECT_GT(socket->last_heard(), before);
  EXPECT_FALSE(socket->has_buffered_input());
}

TEST_F(WebSockets, TellsThePeersCodeAndReason) {
  serve([](wire::HttpRequest, Socket socket) -> Task<void> {
    const std::vector<WebSocketMessage> last{message(10)};
    co_await socket->write(last);
    co_await socket->close(1000, "Bye", soon());
  });
  const auto socket = connected();
  EXPECT_TRUE(read(*socket)) << "what came before the end is still read";
  EXPECT_FALSE(read(*socket));
  EXPECT_EQ(socket->closed().code, 1000u);
  EXPECT_EQ(socket->closed().reason, "Bye");
  EXPECT_FALSE(read(*socket));
  EXPECT_FALSE(write(*socket, {message(1)}));
  EXPECT_FALSE(test::run_task(io_, socket->ping()));
}

TEST_F(WebSockets, ClosesWithACodeAndAReason) {
  WebSocketClosed seen;
  serve([&seen](wire::HttpRequest, Socket socket) -> Task<void> {
    WebSocketMessage in;
    while (co_await socket->read(in)) continue;
    seen = socket->closed();
  });
  const auto socket = connected();
  WebSocketMessage in;
  bool reading = true;
  asio::co_spawn(io_, socket->read(in), [&](std::exception_ptr, bool got) { reading = got; });
  close(*socket, 4001, "done here", soon());
  EXPECT_EQ(socket->closed().code, 4001u) << "the peer repeats it";
  EXPECT_FALSE(write(*socket, {message(1)}));
  io_.restart();
  io_.poll();
  EXPECT_FALSE(reading);
  EXPECT_EQ(seen.code, 4001u);
  EXPECT_EQ(seen.reason, "done here");
}

TEST_F(WebSockets, CloseGivesUpAtItsDeadline) {
  serve([](wire::HttpRequest, Socket) -> Task<void> { co_await never(); });
  const auto socket = connected();
  const auto deadline = at_once();
  close(*socket, 1000, "", deadline);
  EXPECT_GE(std::chrono::steady_clock::now(), deadline);
  EXPECT_LT(std::chrono::steady_clock::now(), deadline + std::chrono::seconds(5));
  EXPECT_EQ(socket->closed().code, 1006u);
}

TEST_F(WebSockets, ADroppedConnectionIsCode1006) {
  serve([](wire::HttpRequest, Socket socket) -> Task<void> {
    socket->abort();
    co_return;
  });
  const auto socket = connected();
  EXPECT_FALSE(read(*socket));
  EXPECT_EQ(socket->closed().code, 1006u);
}

TEST_F(WebSockets, ADropInTheMiddleOfAMessageIsCode1006) {
  serve_raw([](Socket socket, BufferedStream stream) -> Task<void> {
    stream.append(Bytes{0x82, 126, 0x10, 0x00, 1, 2, 3});
    co_await stream.flush();
    socket->abort();
  });
  const auto socket = connected();
  EXPECT_FALSE(read(*socket));
  EXPECT_EQ(socket->closed().code, 1006u);
}

TEST_F(WebSockets, JoinsFragmentsAroundAPing) {
  serve_raw([](Socket, BufferedStream stream) -> Task<void> {
    stream.append(Bytes{0x01, 2, 'a', 'b', 0x89, 1, 'p', 0x80, 1, 'c', 0x82, 1, 'd'});
    co_await stream.flush();
    co_await never();
  });
  const auto socket = connected();
  const auto joined = read(*socket);
  ASSERT_TRUE(joined);
  EXPECT_TRUE(joined->text);
  EXPECT_EQ(as_text(joined->bytes), "abc");
  EXPECT_EQ(as_text(read(*socket)->bytes), "d");
}

TEST_F(WebSockets, AnswersAPingBetweenMessagesThatAreAlreadyThere) {
  std::string pong;
  serve_raw([&pong](Socket, BufferedStream stream) -> Task<void> {
    stream.append(Bytes{0x82, 1, 'a', 0x89, 1, 'p', 0x82, 1, 'b'});
    co_await stream.flush();
    co_await stream.fill();
    pong = std::string(as_text(stream.buffered()));
  });
  const auto socket = connected();
  EXPECT_TRUE(read(*socket));
  EXPECT_TRUE(read(*socket));
  EXPECT_FALSE(read(*socket));
  ASSERT_EQ(pong.size(), 7u);
  EXPECT_EQ(pong.substr(0, 2), "\x8a\x81");
}

TEST_F(WebSockets, EndsWithTheRightCodeWhenThePeerBreaksTheProtocol) {
  const struct {
    Bytes frames;
    unsigned code;
  } cases[] = {
      {{0x81, 2, 0xc3, 0x28}, 1007},                      // text that is not UTF-8
      {{0xc2, 1, 'x'}, 1002},                             // a reserved bit
      {{0x83, 1, 'x'}, 1002},                             // a reserved opcode
      {{0x80, 1, 'x'}, 1002},                             // continues nothing
      {{0x82, 0x81, 1, 2, 3, 4, 'x'}, 1002},              // a server never masks
      {{0x82, 127, 0, 0, 0, 0, 0, 16, 0, 1, 'x'}, 1009},  // one byte more than kMaxMessage
      {{0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0}, 1009},
  };
  for (const auto& c : cases) {
    serve_raw([&c](Socket, BufferedStream stream) -> Task<void> {
      stream.append(c.frames);
      co_await stream.flush();
      co_await stream.fill();
    });
    const auto socket = connected();
    EXPECT_FALSE(read(*socket));
    EXPECT_EQ(socket->closed().code, c.code) << socket->closed().reason;
  }
}

TEST_F(WebSockets, RefusesToReceiveMoreThanTheLargestMessage) {
  WebSocketClosed seen;
  serve([&seen](wire::HttpRequest, Socket socket) -> Task<void> {
    const std::vector<WebSocketMessage> big{message(WebSocket::kMaxMessage + 1)};
    co_await socket->write(big);
    WebSocketMessage in;
    co_await socket->read(in);
    seen = socket->closed();
  });
  const auto socket = connected();
  EXPECT_FALSE(read(*socket));
  EXPECT_EQ(socket->closed().code, 1009u);
}

TEST_F(WebSockets, AbortEndsAReadUnderWay) {
  serve([](wire::HttpRequest, Socket) -> Task<void> { co_await never(); });
  const auto socket = connected();
  WebSocketMessage in;
  std::optional<bool> got;
  asio::co_spawn(io_, socket->read(in), [&](std::exception_ptr, bool b) { got = b; });
  io_.restart();
  io_.poll();
  EXPECT_FALSE(got);
  socket->abort();
  const auto end = soon();
  while (!got && io_.run_one_until(end) > 0) continue;
  EXPECT_EQ(got, false);
  EXPECT_EQ(socket->closed().code, 1006u);
}

TEST_F(WebSockets, AbortEndsAWriteThatThePeerDoesNotRead) {
  serve([](wire::HttpRequest, Socket socket) -> Task<void> {
    co_await never();
    socket->abort();
  });
  auto socket = connected();
  const std::vector<WebSocketMessage> batch(64, message(1 << 20));
  std::optional<bool> wrote;
  asio::co_spawn(io_, socket->write(batch), [&](std::exception_ptr, bool b) { wrote = b; });
  io_.restart();
  io_.poll();
  EXPECT_FALSE(wrote) << "64 MiB are more than any buffer takes";
  socket.reset();  // as abort; what is under way keeps what it needs
  const auto end = soon();
  while (!wrote && io_.run_one_until(end) > 0) continue;
  EXPECT_EQ(wrote, false);
}

TEST_F(WebSockets, LargeBatchesPassBothWaysAtOnce) {
  serve(echo);
  const auto socket = connected();
  const std::vector<WebSocketMessage> batch(40, message(100'000));
  std::optional<bool> wrote;
  asio::co_spawn(io_, socket->write(batch), [&](std::exception_ptr, bool b) { wrote = b; });
  for (const auto& out : batch) {
    const auto in = read(*socket);
    ASSERT_TRUE(in);
    EXPECT_TRUE(in->bytes == out.bytes);
  }
  EXPECT_EQ(wrote, true);
}

TEST_F(WebSockets, MapsTheStatusOfARefusal) {
  const struct {
    int status;
    Errc code;
  } cases[] = {{401, Errc::kDenied},     {403, Errc::kDenied},      {410, Errc::kExpired},
               {429, Errc::kThrottled},  {404, Errc::kUnavailable}, {503, Errc::kUnavailable},
               {200, Errc::kUnavailable}};
  for (const auto& c : cases) {
    serve({}, c.status, "no\x1b[2J " + std::string(400, 'x'));
    const auto socket = connect();
    ASSERT_FALSE(socket);
    EXPECT_EQ(socket.error().code, c.code) << c.status;
    const auto& detail = socket.error().detail;
    EXPECT_NE(detail.find("status " + std::to_string(c.status)), std::string::npos) << detail;
    EXPECT_NE(detail.find("no\\x1b[2J xxx"), std::string::npos) << detail;
    EXPECT_EQ(detail.find(std::string(201, 'x')), std::string::npos) << "at most 200 bytes";
  }
}

TEST_F(WebSockets, TimesOutWhenTheUpgradeIsNotAnswered) {
  acceptor_.emplace(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  port_ = acceptor_->local_endpoint().port();
  const auto hold = [](tcp::acceptor& acceptor) -> Task<void> {
    BufferedStream stream(co_await acceptor.async_accept(asio::use_awaitable), server_engine());
    if (co_await stream.handshake()) co_await never();
  };
  asio::co_spawn(io_, hold(*acceptor_), [](std::exception_ptr) {});
  const auto socket = connect({}, deadline_in(std::chrono::milliseconds(300)));
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, Errc::kTimeout);
  EXPECT_NE(socket.error().detail.find("websocket"), std::string::npos);
}

TEST_F(WebSockets, AServerThatGoesDropsItsWebsockets) {
  serve(echo);
  const auto socket = connected();
  ASSERT_TRUE(write(*socket, {message(1)}));
  ASSERT_TRUE(read(*socket));
  server_.reset();
  EXPECT_FALSE(read(*socket));
  EXPECT_EQ(socket->closed().code, 1006u);
}

}  // namespace
}  // namespace passport::net
