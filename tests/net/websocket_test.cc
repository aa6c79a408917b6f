#include "net/websocket.h"

#include "tests/net/websocket_fixture.h"

namespace passport::net {
namespace {

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

TEST_F(WebSockets, APingNeverWaitsForASilentPeer) {
  serve([](wire::HttpRequest, Socket socket) -> Task<void> {
    co_await never();
    socket->abort();
  });
  const auto socket = connected();
  const std::vector<WebSocketMessage> batch(64, message(1 << 20));
  std::optional<bool> wrote;
  asio::co_spawn(io_, socket->write(batch), [&](std::exception_ptr, bool b) { wrote = b; });
  io_.restart();
  io_.poll();
  ASSERT_FALSE(wrote) << "64 MiB are more than any buffer takes";
  for (int i = 0; i < 3; ++i) {
    std::optional<bool> pinged;
    asio::co_spawn(io_, socket->ping(), [&](std::exception_ptr, bool b) { pinged = b; });
    io_.poll();
    EXPECT_EQ(pinged, true);
  }
  EXPECT_FALSE(wrote);
  socket->abort();
  EXPECT_FALSE(test::run_task(io_, socket->ping()));
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

TEST_F(WebSockets, ShowsOnlyTheFirstLineOfARefusal) {
  const struct {
    std::string body;
    std::string shown;
  } cases[] = {
      {"{\"message\":\"no match\\n\\nThe Canonical String\\nx-token:canary\"}",
       ": \"{\"message\":\"no match\""},
      {"no match\nx-token:canary", ": \"no match\""},
      {"no match\r\nx-token:canary", ": \"no match\""},
      {"\ncanary", "status 403"},
  };
  for (const auto& c : cases) {
    serve({}, 403, c.body);
    const auto socket = connect();
    ASSERT_FALSE(socket);
    EXPECT_TRUE(socket.error().detail.ends_with(c.shown)) << socket.error().detail;
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

}  // namespace
}  // namespace passport::net
