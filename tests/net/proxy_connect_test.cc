#include "net/proxy_connect.h"

#include <gtest/gtest.h>

#include "net/connect.h"
#include "net/warm_connections.h"
#include "tests/net/loopback.h"

namespace passport::net {
namespace {

/// A proxy that answers `answer` to whatever it is asked, then carries bytes to a port of
/// loopback.
class Relay {
 public:
  Relay(asio::io_context& io, unsigned short to, bool tls, std::string answer)
      : acceptor_(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        to_(to),
        tls_(tls),
        answer_(std::move(answer)) {
    asio::co_spawn(io, run(), [](std::exception_ptr) {});
  }
  ~Relay() { acceptor_.close(); }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  unsigned short port() const { return acceptor_.local_endpoint().port(); }
  const std::string& asked() const { return asked_; }  ///< the last time
  int connections() const { return connections_; }

 private:
  Task<void> run() {
    for (;;) {
      std::unique_ptr<TlsEngine> engine;
      if (tls_) engine = TlsEngine::server(server_tls());
      BufferedStream near(co_await acceptor_.async_accept(asio::use_awaitable),
                          std::move(engine));
      if (!co_await near.handshake()) continue;
      asked_.clear();
      ++connections_;
      while (asked_.find("\r\n\r\n") == std::string::npos) {
        if (co_await near.fill()) co_return;
        asked_ += as_text(near.buffered());
        near.consume(near.buffered().size());
      }
      near.append(as_bytes(answer_));
      co_await near.flush();
      if (!answer_.starts_with("HTTP/1.1 200")) continue;
      tcp::socket socket(acceptor_.get_executor());
      const tcp::endpoint target(asio::ip::address_v4::loopback(), to_);
      co_await socket.async_connect(target, asio::use_awaitable);
      BufferedStream far(std::move(socket), nullptr);
      asio::co_spawn(acceptor_.get_executor(), pump(near, far), [](std::exception_ptr) {});
      asio::co_spawn(acceptor_.get_executor(), pump(far, near), [](std::exception_ptr) {});
    }
  }

  static Task<void> pump(BufferedStream from, BufferedStream to) {
    for (;;) {
      error_code error;
      if (from.buffered().empty()) error = co_await from.fill();
      if (error) break;
      // One byte at first: nothing may depend on how the bytes are cut.
      to.append(from.buffered().first(1));
      from.consume(1);
      co_await to.flush();
      to.append(from.buffered());
      from.consume(from.buffered().size());
      if (co_await to.flush()) break;
    }
    to.finish();
  }

  tcp::acceptor acceptor_;
  unsigned short to_;
  bool tls_;
  std::string answer_;
  std::string asked_;
  int connections_ = 0;
};

constexpr char kEstablished[] = "HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n";

class ThroughProxy : public testing::Test {
 protected:
  ThroughProxy() {
    HttpHandlers handlers;
    handlers.request = [](wire::HttpRequest request) -> Task<wire::HttpResponse> {
      co_return wire::HttpResponse{200, {}, request.body};
    };
    handlers.upgrade = [](const wire::HttpRequest&) -> Task<wire::HttpResponse> {
      co_return wire::HttpResponse{101, {}, ""};
    };
    handlers.websocket = [](wire::HttpRequest,
                            std::unique_ptr<WebSocket> socket) -> Task<void> {
      WebSocketMessage in;
      while (co_await socket->read(in)) {
        if (!co_await socket->write({&in, 1})) break;
      }
    };
    server_ = std::move(HttpServer::listen(io_.get_executor(), server_tls({"DNS:far.example"}),
                                           "127.0.0.1", 0, std::move(handlers))
                            .value());
  }

  Relay& relay(bool tls = false, std::string answer = kEstablished) {
    relay_.emplace(io_, server_->port(), tls, std::move(answer));
    return *relay_;
  }

  /// Through the relay, or through what `proxy` names.
  Outbound outbound(bool tls = false, std::string proxy = "") {
    if (proxy.empty()) proxy = "ada:canary@127.0.0.1:" + std::to_string(relay_->port());
    return {client_tls(), wire::ProxyRule("HTTPS_PROXY", (tls ? "https://" : "http://") + proxy,
                                          "near.example")};
  }

  static wire::Endpoint far() { return at(4430, true, "far.example"); }

  Error refused(Outbound outbound, Deadline deadline = soon()) {
    const auto stream = test::run_task(
        io_, connect_stream(io_.get_executor(), std::move(outbound), far(), deadline));
    EXPECT_FALSE(stream);
    if (stream) return {Errc::kInternal, "accepted"};
    EXPECT_EQ(stream.error().detail.find("canary"), std::string::npos);
    EXPECT_EQ(stream.error().hint.find("canary"), std::string::npos);
    return stream.error();
  }

  Error answered(std::string answer) {
    relay(false, std::move(answer));
    return refused(outbound());
  }

  std::string proxy_name() const { return "proxy 127.0.0.1:" + std::to_string(relay_->port()); }

  void expect_echo(bool tls) {
    HttpClient client(io_.get_executor(), outbound(tls));
    wire::HttpRequest request;
    request.method = "POST";
    request.body.assign(300000, 'x');
    for (int i = 0; i < 2; ++i) {
      const auto response = test::run_task(io_, client.send(far(), request, soon()));
      ASSERT_TRUE(response) << response.error().detail;
      EXPECT_EQ(response->body, request.body);
    }
    auto socket = test::run_task(
        io_, WebSocket::connect(io_.get_executor(), outbound(tls), far(), {}, soon()));
    ASSERT_TRUE(socket) << socket.error().detail;
    WebSocketMessage message{false, Bytes(200000, 7)};
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(test::run_task(io_, (*socket)->write({&message, 1})));
      WebSocketMessage back;
      ASSERT_TRUE(test::run_task(io_, (*socket)->read(back)));
      EXPECT_EQ(back.bytes, message.bytes);
    }
    test::run_task(io_, (*socket)->close(1000, "", soon()));
    EXPECT_EQ((*socket)->closed().code, 1000u);
  }

  asio::io_context io_;
  std::unique_ptr<HttpServer> server_;
  std::optional<Relay> relay_;
};

TEST_F(ThroughProxy, CallsAndAWebSocket) {
  relay();
  expect_echo(false);
  EXPECT_TRUE(relay_->asked().starts_with(
      "CONNECT far.example:4430 HTTP/1.1\r\nHost: far.example:4430\r\n"
      "Proxy-Authorization: Basic YWRhOmNhbmFyeQ==\r\n\r\n"))
      << relay_->asked();
}

TEST_F(ThroughProxy, TlsInsideTls) {
  relay(true);
  expect_echo(true);
}

TEST_F(ThroughProxy, OnlyWhereTheRuleSaysSo) {
  relay();
  const auto stream =
      test::run_task(io_, connect_stream(io_.get_executor(), outbound(),
                                         at(server_->port(), true, "localhost"), soon()));
  ASSERT_FALSE(stream);  // it is there, and its certificate is for another name
  EXPECT_NE(stream.error().detail.find("hostname mismatch"), std::string::npos);
  EXPECT_EQ(relay_->asked(), "");
}

TEST_F(ThroughProxy, TheHostBehindItIsVerified) {
  relay();
  const auto stream = test::run_task(
      io_,
      connect_stream(io_.get_executor(), outbound(), at(443, true, "other.example"), soon()));
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().detail,
            "TLS with other.example:443: certificate verify failed: hostname mismatch");
}

TEST_F(ThroughProxy, AProxyThatWantsCredentials) {
  const auto wrong =
      answered("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 9\r\n\r\n");
  EXPECT_EQ(wrong.code, Errc::kDenied);
  EXPECT_EQ(wrong.detail, proxy_name() + " refused the user or the password");
  const auto none = refused(outbound(false, "127.0.0.1:" + std::to_string(relay_->port())));
  EXPECT_EQ(none.code, Errc::kDenied);
  EXPECT_EQ(none.detail, proxy_name() + " asks for a user and a password");
  EXPECT_NE(none.hint.find("USER:PASSWORD@"), std::string::npos);
}

TEST_F(ThroughProxy, AProxyThatRefusesOrFails) {
  const auto denied = answered("HTTP/1.1 403 Filtered\r\n\r\n<html>canary");
  EXPECT_EQ(denied.code, Errc::kDenied);
  EXPECT_EQ(denied.detail, proxy_name() + " answered 403 to a connection to far.example:4430");
  EXPECT_NE(denied.hint.find("NO_PROXY"), std::string::npos);
  EXPECT_EQ(answered("HTTP/1.1 502 Bad Gateway\r\n\r\n").code, Errc::kUnavailable);
  EXPECT_EQ(answered("SSH-2.0-OpenSSH_9.2\r\n\r\n").code, Errc::kProtocol);
  EXPECT_EQ(answered("HTTP/1.1 200 OK\r\nX: " + std::string(20000, 'a') + "\r\n\r\n").code,
            Errc::kProtocol);
  EXPECT_EQ(answered("HTTP/1.1 200 OK\r\n\r\nmore").code, Errc::kProtocol);
}

TEST_F(ThroughProxy, AProxyThatIsNotThere) {
  unsigned short port = 0;
  {
    const tcp::acceptor taken(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    port = taken.local_endpoint().port();
  }
  const auto proxy = "127.0.0.1:" + std::to_string(port);
  const auto error = refused(outbound(false, "ada:canary@" + proxy));
  EXPECT_EQ(error.code, Errc::kUnavailable);
  EXPECT_EQ(error.detail, "cannot connect to proxy " + proxy + ": connection refused");
}

TEST_F(ThroughProxy, AProxyThatSaysNothing) {
  ScriptedPeer silent(io_, {});
  const auto proxy = "127.0.0.1:" + std::to_string(silent.port());
  const auto error = refused(outbound(false, proxy), at_once());
  EXPECT_EQ(error.code, Errc::kTimeout);
  EXPECT_EQ(error.detail,
            "no answer from proxy " + proxy + " to a connection to far.example:4430");
  EXPECT_EQ(refused(outbound(true, proxy), at_once()).detail,
            "TLS with proxy " + proxy + ": no answer");
}

TEST_F(ThroughProxy, AProxyWhoseCertificateIsNotItsOwn) {
  relay(true);
  const auto error =
      refused(outbound(true, "u:canary@127.0.0.2:" + std::to_string(relay_->port())));
  EXPECT_EQ(error.code, Errc::kUnavailable);
}

TEST_F(ThroughProxy, AConnectionMadeBeforehandIsTakenOnce) {
  relay();
  auto warmed = outbound();
  warmed.warm = std::make_shared<WarmConnections>();
  warmed.warm->prepare(io_.get_executor(), warmed, far());
  HttpClient first(io_.get_executor(), warmed);
  HttpClient second(io_.get_executor(), warmed);
  for (auto* client : {&first, &first, &second}) {
    const auto response = test::run_task(io_, client->send(far(), {}, soon()));
    ASSERT_TRUE(response) << response.error().detail;
    EXPECT_EQ(relay_->connections(), client == &first ? 1 : 2);
  }
}

TEST_F(ThroughProxy, AConnectionThatFailedBeforehandIsMadeAnew) {
  relay(false, "HTTP/1.1 502 Bad Gateway\r\n\r\n");
  auto warmed = outbound();
  warmed.warm = std::make_shared<WarmConnections>();
  warmed.warm->prepare(io_.get_executor(), warmed, far());
  EXPECT_NE(refused(warmed).detail.find("answered 502"), std::string::npos);
  EXPECT_EQ(relay_->connections(), 2);
  warmed.warm->prepare(io_.get_executor(), warmed, at(4431, true, "far.example"));
  warmed.warm->clear();
  EXPECT_EQ(refused(warmed).code, Errc::kUnavailable);
}

TEST_F(ThroughProxy, ABadVariableIsToldWhereItIsNeeded) {
  const auto error = refused({client_tls(), wire::ProxyRule("ALL_PROXY", "socks5://p", "")});
  EXPECT_EQ(error.code, Errc::kConfig);
  EXPECT_NE(error.detail.find("ALL_PROXY"), std::string::npos);
}

}  // namespace
}  // namespace passport::net
