// Every way in which a websocket ends.
#include "tests/net/websocket_fixture.h"

namespace passport::net {
namespace {

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
