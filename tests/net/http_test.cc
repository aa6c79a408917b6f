#include <gtest/gtest.h>
#include <sys/resource.h>

#include "net/event.h"
#include "tests/net/loopback.h"
#include "wire/aws/time.h"

namespace passport::net {
namespace {

class Http : public testing::Test {
 protected:
  void serve(std::optional<TlsContext> tls, HttpHandlers handlers, HttpLimits limits = {}) {
    auto listening = HttpServer::listen(io_.get_executor(), std::move(tls), "127.0.0.1", 0,
                                        std::move(handlers), limits);
    ASSERT_TRUE(listening) << listening.error().detail;
    server_ = std::move(*listening);
  }

  static HttpHandlers echo() {
    return {.request = [](wire::HttpRequest request) -> Task<wire::HttpResponse> {
              wire::HttpResponse response{.status = 200, .headers = {}, .body = request.body};
              response.headers.emplace_back("X-Method", request.method);
              response.headers.emplace_back("X-Target", request.target);
              response.headers.emplace_back(
                  "X-Host", std::string(wire::find_header(request.headers, "host")));
              response.headers.emplace_back(
                  "X-Sent", std::string(wire::find_header(request.headers, "x-given")));
              co_return response;
            },
            .upgrade = {},
            .websocket = {}};
  }

  static wire::HttpRequest make(std::string method, std::string target = "/",
                                wire::HttpHeaders headers = {}, std::string body = "") {
    return {std::move(method), std::move(target), std::move(headers), std::move(body)};
  }

  Result<wire::HttpResponse> send(wire::Endpoint endpoint, wire::HttpRequest request = {},
                                  Deadline deadline = soon()) {
    return test::run_task(io_, client_.send(endpoint, std::move(request), deadline));
  }

  /// What a peer answers to these bytes, until it closes; `then` is sent after the first
  /// answer.
  std::string raw(unsigned short port, std::string bytes, std::string then = "") {
    return test::run_task(io_, talk(port, std::move(bytes), std::move(then)));
  }

  static Task<std::string> talk(unsigned short port, std::string out, std::string then) {
    tcp::socket socket(co_await asio::this_coro::executor);
    const tcp::endpoint peer(asio::ip::address_v4::loopback(), port);
    co_await socket.async_connect(peer, asio::use_awaitable);
    co_await asio::async_write(socket, asio::buffer(out), asio::use_awaitable);
    std::string in;
    boost::system::error_code error;
    while (!error) {
      std::string piece(4096, '\0');
      const auto n = co_await socket.async_read_some(
          asio::buffer(piece), asio::redirect_error(asio::use_awaitable, error));
      in += piece.substr(0, n);
      const auto more = std::exchange(then, "");
      if (!more.empty()) {
        co_await asio::async_write(socket, asio::buffer(more), asio::use_awaitable);
      }
    }
    co_return in;
  }

  asio::io_context io_;
  HttpClient client_{io_.get_executor(), client_tls()};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(Http, CarriesMethodTargetHeadersAndBodyBothWays) {
  serve(server_tls(), echo());
  const std::string body(300'000, 'b');
  const auto answer = send(at(server_->port()), {.method = "POST",
                                                 .target = "/a/b?c=%20d",
                                                 .headers = {{"X-Given", "1, 2"}},
                                                 .body = body});
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, body);
  EXPECT_EQ(wire::find_header(answer->headers, "X-Method"), "POST");
  EXPECT_EQ(wire::find_header(answer->headers, "X-Target"), "/a/b?c=%20d");
  EXPECT_EQ(wire::find_header(answer->headers, "X-Sent"), "1, 2");
  EXPECT_EQ(wire::find_header(answer->headers, "X-Host"),
            "127.0.0.1:" + std::to_string(server_->port()));
}

TEST_F(Http, AnAnswerTellsTheTimeUnlessItsHandlerDid) {
  const auto now = [] { return std::chrono::system_clock::now(); };
  serve(server_tls(), echo());
  const auto before = std::chrono::floor<std::chrono::seconds>(now());
  auto answer = send(at(server_->port()));
  ASSERT_TRUE(answer);
  const auto date = wire::aws::decode_http_date(wire::find_header(answer->headers, "Date"));
  ASSERT_TRUE(date);
  EXPECT_GE(*date, before);
  EXPECT_LE(*date, now());
  server_.reset();
  serve(
      server_tls(),
      {.request = [](wire::HttpRequest) -> Task<wire::HttpResponse> {
         co_return wire::HttpResponse{.status = 200, .headers = {{"date", "then"}}, .body = ""};
       },
       .upgrade = {},
       .websocket = {}});
  answer = send(at(server_->port()));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->headers.size(), 3U);  // Content-Length and Connection
  EXPECT_EQ(wire::find_header(answer->headers, "Date"), "then");
}

TEST_F(Http, SpeaksPlainHttp) {
  serve(std::nullopt, echo());
  const auto answer = send(at(server_->port(), false), make("PUT", "/", {}, "x"));
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->body, "x");
}

TEST_F(Http, SendsRequestsInTurnOnOneConnection) {
  const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  ScriptedPeer peer(io_, {ok, ok, ok}, ScriptedPeer::After::kKeep);
  for (int i = 0; i < 3; ++i) {
    const auto answer = send(at(peer.port(), false));
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->body, "ok");
  }
  EXPECT_EQ(peer.connections(), 1u);
}

TEST_F(Http, DoesNotKeepAConnectionThatTheAnswerEnds) {
  const std::string last =
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
  ScriptedPeer peer(io_, {last, last});
  EXPECT_TRUE(send(at(peer.port(), false)));
  EXPECT_TRUE(send(at(peer.port(), false)));
  EXPECT_EQ(peer.connections(), 2u);
}

TEST_F(Http, SendsAgainWhenTheKeptConnectionHadBeenClosed) {
  ScriptedPeer peer(io_, {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1",
                          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2"});
  EXPECT_EQ(send(at(peer.port(), false))->body, "1");
  EXPECT_EQ(send(at(peer.port(), false))->body, "2");
  EXPECT_EQ(peer.connections(), 2u);
}

TEST_F(Http, NeverSendsAgainOnANewConnection) {
  ScriptedPeer peer(io_, {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1"});
  const auto answer = send(at(peer.port(), false));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::kUnavailable);
  EXPECT_EQ(peer.connections(), 1u);
}

TEST_F(Http, ReadsChunkedAnswersInterimAnswersAndAnswersEndedByClose) {
  ScriptedPeer peer(io_, {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                          "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
                          "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                          "HTTP/1.1 204 No Content\r\n\r\n",
                          "HTTP/1.0 200 OK\r\n\r\nuntil the end"});
  EXPECT_EQ(send(at(peer.port(), false))->body, "abcde");
  EXPECT_EQ(send(at(peer.port(), false))->status, 204);
  EXPECT_EQ(send(at(peer.port(), false))->body, "until the end");
}

TEST_F(Http, AHeadRequestHasNoBodyToWaitFor) {
  serve(std::nullopt, {.request = [](wire::HttpRequest) -> Task<wire::HttpResponse> {
                         co_return wire::HttpResponse{
                             .status = 200, .headers = {}, .body = "abc"};
                       },
                       .upgrade = {},
                       .websocket = {}});
  const auto answer = send(at(server_->port(), false), make("HEAD"));
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->body, "");
  EXPECT_EQ(wire::find_header(answer->headers, "Content-Length"), "3");
  EXPECT_EQ(send(at(server_->port(), false))->body, "abc");
}

TEST_F(Http, RefusesWhatIsNoHttp) {
  ScriptedPeer peer(io_, {"SSH-2.0-OpenSSH_9.2p1\r\n"});
  const auto answer = send(at(peer.port(), false));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::kProtocol);
}

TEST_F(Http, RefusesAnswersThatAreTooLarge) {
  ScriptedPeer peer(io_, {"HTTP/1.1 200 OK\r\nContent-Length: 4194305\r\n\r\n",
                          "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'h') + "\r\n\r\n"});
  for (int i = 0; i < 2; ++i) {
    const auto answer = send(at(peer.port(), false));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::kProtocol) << answer.error().detail;
    EXPECT_NE(answer.error().detail.find("too large"), std::string::npos);
  }
}

TEST_F(Http, RefusesToSendHeadersThatWouldSplitTheRequest) {
  ScriptedPeer peer(io_, {});
  const wire::HttpHeaders bad[] = {{{"X", "a\r\nY: b"}}, {{"X\n", "a"}}, {{"", "a"}}};
  for (const auto& headers : bad) {
    EXPECT_EQ(send(at(peer.port(), false), make("GET", "/", headers)).error().code,
              Errc::kInternal);
  }
  EXPECT_EQ(send(at(peer.port(), false), make("GET", "/ HTTP/1.1\r\nX: y")).error().code,
            Errc::kInternal);
  EXPECT_EQ(peer.connections(), 0u);
}

TEST_F(Http, TimesOutWhenNoAnswerComes) {
  ScriptedPeer peer(io_, {""});
  const auto answer = send(at(peer.port(), false), {}, at_once());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::kTimeout);
  EXPECT_NE(answer.error().detail.find("no answer from 127.0.0.1:"), std::string::npos);
}

TEST_F(Http, TimesOutWhenTheTlsHandshakeNeverComes) {
  ScriptedPeer peer(io_, {""});
  const auto answer = send(at(peer.port(), true), {}, at_once());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::kTimeout);
  EXPECT_NE(answer.error().detail.find("TLS with 127.0.0.1:"), std::string::npos);
}

TEST_F(Http, SaysWhichConnectionWasRefused) {
  tcp::acceptor unused(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  const auto port = unused.local_endpoint().port();
  unused.close();
  const auto answer = send(at(port));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::kUnavailable);
  EXPECT_EQ(answer.error().detail,
            "cannot connect to 127.0.0.1:" + std::to_string(port) + ": connection refused");
}

TEST_F(Http, FindsHostsByName) {
  serve(server_tls(), echo());
  const auto answer = send(at(server_->port(), true, "localhost"));
  ASSERT_TRUE(answer) << answer.error().detail;
}

TEST_F(Http, SaysWhichHostIsUnknown) {
  // Not a name that DNS can ask for: the answer is the same with and without a network.
  const auto answer = send(at(443, true, "no host here"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::kInternal);
  const auto unknown = send(at(443, true, std::string(70, 'a') + ".invalid"));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().detail,
            "cannot find host \"" + std::string(70, 'a') + ".invalid\"");
}

TEST_F(Http, ServesChunkedRequestsAndExpectContinue) {
  serve(std::nullopt, echo());
  const auto chunked = raw(server_->port(),
                           "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                           "Connection: close\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n");
  EXPECT_TRUE(chunked.ends_with("\r\n\r\nabcd")) << chunked;
  const auto expecting = raw(server_->port(),
                             "POST /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                             "Content-Length: 9\r\nConnection: close\r\n\r\n",
                             "the body.");
  EXPECT_TRUE(expecting.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"))
      << expecting;
  EXPECT_TRUE(expecting.ends_with("the body.")) << expecting;
}

TEST_F(Http, ServesPipelinedRequestsAndHttp10) {
  serve(std::nullopt, echo());
  const auto answers =
      raw(server_->port(),
          "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
          "GET /3 HTTP/1.0\r\n\r\nGET /4 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(answers.find("X-Target: /1"), std::string::npos);
  EXPECT_NE(answers.find("X-Target: /2"), std::string::npos);
  EXPECT_NE(answers.find("X-Target: /3"), std::string::npos);
  EXPECT_EQ(answers.find("X-Target: /4"), std::string::npos) << "1.0 ends with its answer";
}

TEST_F(Http, ServerRefusesWhatItCannotRead) {
  serve(std::nullopt, echo());
  EXPECT_TRUE(raw(server_->port(), "HELO there\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(raw(server_->port(), "POST / HTTP/1.1\r\nContent-Length: 4194305\r\n\r\n")
                  .starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(
      raw(server_->port(), "GET / HTTP/1.1\r\nX: " + std::string(70'000, 'h') + "\r\n\r\n")
          .starts_with("HTTP/1.1 431 "));
}

TEST_F(Http, RefusesInTheWordsOfItsOwner) {
  auto handlers = echo();
  handlers.refusal = [](int status, std::string why) {
    return wire::HttpResponse{status, {}, "{" + why + "}"};
  };
  serve(std::nullopt, handlers, {.body = 3});
  const auto answer = send(at(server_->port(), false), make("POST", "/", {}, "four"));
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->status, 413);
  EXPECT_EQ(answer->body, "{request body is too large}");
}

TEST_F(Http, OnePeerHasSoManyConnections) {
  serve(std::nullopt, echo(), {.peer = {.connections = 1}});
  tcp::socket first(io_);
  first.connect({asio::ip::address_v4::loopback(), server_->port()});
  EXPECT_EQ(raw(server_->port(), "GET / HTTP/1.0\r\n\r\n"), "");
  first.close();
  std::string answer;
  const auto end = soon();
  while (answer.empty() && std::chrono::steady_clock::now() < end)
    answer = raw(server_->port(), "GET / HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
}

TEST_F(Http, TooManyRequestsOfOnePeerAreToldSo) {
  serve(std::nullopt, echo(), {.peer = {.requests = 1}});
  int taken = 0;
  Result<wire::HttpResponse> answer = wire::HttpResponse{};
  for (; taken < 1000 && answer && answer->status == 200; ++taken)
    answer = send(at(server_->port(), false));
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->status, 429);
  EXPECT_EQ(wire::find_header(answer->headers, "Retry-After"), "1");
  EXPECT_GE(taken, 10);
  EXPECT_LT(taken, 1000);
}

TEST_F(Http, AnExceptionInAHandlerIs500) {
  serve(std::nullopt, {.request = [](wire::HttpRequest) -> Task<wire::HttpResponse> {
                         throw std::runtime_error("secret");
                         co_return wire::HttpResponse{};
                       },
                       .upgrade = {},
                       .websocket = {}});
  const auto answer = send(at(server_->port(), false));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500);
  EXPECT_EQ(answer->body.find("secret"), std::string::npos);
}

TEST_F(Http, AStoppedServerAcceptsNoMoreAndEndsIdleConnections) {
  serve(std::nullopt, echo());
  const auto port = server_->port();
  ASSERT_TRUE(send(at(port, false)));
  server_->stop();
  const auto answer = send(at(port, false));
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().detail.find("connection refused"), std::string::npos);
}

TEST_F(Http, AcceptsAgainAfterRunningOutOfDescriptors) {
  serve(std::nullopt, echo());
  tcp::socket socket(io_, tcp::v4());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none_left{static_cast<rlim_t>(socket.native_handle() + 1), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none_left), 0);
  socket.connect({asio::ip::address_v4::loopback(), server_->port()});
  io_.restart();
  io_.poll();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  asio::write(socket, asio::buffer("GET / HTTP/1.0\r\n\r\n", 18));
  socket.non_blocking(true);
  std::string in(4096, '\0');
  boost::system::error_code error = asio::error::would_block;
  const auto end = soon();
  while (error == asio::error::would_block && io_.run_one_until(end) > 0) {
    in.resize(socket.read_some(asio::buffer(in), error));
    if (error) in.resize(4096);
  }
  EXPECT_TRUE(in.starts_with("HTTP/1.1 200 ")) << error.message();
}

TEST_F(Http, SaysWhyItCannotListen) {
  serve(std::nullopt, echo());
  const auto again = HttpServer::listen(io_.get_executor(), std::nullopt, "127.0.0.1",
                                        server_->port(), echo());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().detail,
            "cannot listen on 127.0.0.1:" + std::to_string(server_->port()) +
                ": address already in use");
}

}  // namespace
}  // namespace passport::net
