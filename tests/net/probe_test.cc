#include "net/probe.h"

#include <gtest/gtest.h>

#include "tests/net/loopback.h"

namespace passport::net {
namespace {

class Probe : public testing::Test {
 protected:
  void serve(TlsContext tls) {
    auto listening = HttpServer::listen(
        io_.get_executor(), std::move(tls), "127.0.0.1", 0,
        {.request = [this](wire::HttpRequest) -> Task<wire::HttpResponse> {
           ++requests_;
           co_return wire::HttpResponse{.status = 204, .headers = {}, .body = ""};
         },
         .upgrade = {},
         .websocket = {}});
    ASSERT_TRUE(listening);
    server_ = std::move(*listening);
  }

  Result<TlsPeer> look(Outbound outbound, std::string host = "127.0.0.1") {
    return test::run_task(io_, probe_tls(io_.get_executor(), std::move(outbound),
                                         at(server_->port(), true, std::move(host)), soon()));
  }
  TlsPeer::Trust trust(Outbound outbound, std::string host = "127.0.0.1") {
    const auto peer = look(std::move(outbound), std::move(host));
    EXPECT_TRUE(peer);
    return peer ? peer->trust : TlsPeer::Trust::kUnusable;
  }

  asio::io_context io_;
  std::unique_ptr<HttpServer> server_;
  int requests_ = 0;
};

TEST_F(Probe, TellsWhatAGoodServerShows) {
  serve(server_tls({"DNS:localhost", "IP:127.0.0.1", "IP:::1"}));
  const auto peer = look(client_tls());
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->trust, TlsPeer::Trust::kGood);
  EXPECT_EQ(peer->problem, "");
  EXPECT_EQ(peer->subject, "CN=passport test server");
  EXPECT_EQ(peer->issuer, "CN=passport test CA");
  EXPECT_EQ(peer->names, (std::vector<std::string>{"localhost", "127.0.0.1", "::1"}));
  EXPECT_EQ(peer->valid_until - peer->valid_from, std::chrono::seconds(2 * 3600));
  EXPECT_LT(std::chrono::abs(peer->valid_until - std::chrono::system_clock::now() -
                             std::chrono::hours(1)),
            std::chrono::minutes(5));
  EXPECT_EQ(requests_, 0);
}

TEST_F(Probe, TellsWhatIsWrongWithACertificate) {
  serve(server_tls({"DNS:example.com"}));
  EXPECT_EQ(trust(client_tls(), "localhost"), TlsPeer::Trust::kOtherName);
  EXPECT_EQ(trust(client_tls()), TlsPeer::Trust::kOtherName);
  EXPECT_EQ(look(client_tls())->names, std::vector<std::string>{"example.com"});
  const test::TestCertificates other("another CA");
  const auto stranger = look(TlsContext::client(other.ca_file()).value());
  ASSERT_TRUE(stranger);
  EXPECT_EQ(stranger->trust, TlsPeer::Trust::kUnknownIssuer);
  EXPECT_EQ(stranger->problem, "self-signed certificate in certificate chain");
  serve(server_tls({"IP:127.0.0.1"}, -60));
  EXPECT_EQ(trust(client_tls()), TlsPeer::Trust::kOver);
}

/// What was looked at and found bad is no session that a later connection could resume.
TEST_F(Probe, ALookLeavesNoTrustBehind) {
  serve(server_tls({"DNS:example.com"}));
  const auto tls = client_tls();
  EXPECT_EQ(trust(tls), TlsPeer::Trust::kOtherName);
  HttpClient client(io_.get_executor(), tls);
  for (int i = 0; i < 2; ++i) {
    const auto answer = test::run_task(io_, client.send(at(server_->port()), {}, soon()));
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().detail.find("IP address mismatch"), std::string::npos);
  }
  EXPECT_EQ(requests_, 0);
}

TEST_F(Probe, SaysWhichStepFails) {
  ScriptedPeer peer(io_, {"HTTP/1.1 400 Bad Request\r\n\r\n"});
  const auto there = at(peer.port());
  EXPECT_TRUE(
      test::run_task(io_, probe_route(io_.get_executor(), client_tls(), there, soon())));
  const auto no_tls =
      test::run_task(io_, probe_tls(io_.get_executor(), client_tls(), there, soon()));
  ASSERT_FALSE(no_tls);
  EXPECT_NE(no_tls.error().detail.find("wrong version number"), std::string::npos);
  const auto closed =
      test::run_task(io_, probe_route(io_.get_executor(), client_tls(), at(1), soon()));
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().detail, "cannot connect to 127.0.0.1:1: connection refused");
  ScriptedPeer silent(io_, {});
  const auto late = test::run_task(
      io_, probe_tls(io_.get_executor(), client_tls(), at(silent.port()), at_once()));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::kTimeout);
}

TEST_F(Probe, AsksTheProxyForTheRoute) {
  ScriptedPeer peer(io_, {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"});
  const Outbound outbound(
      client_tls(), {"HTTPS_PROXY", "http://127.0.0.1:" + std::to_string(peer.port()), ""});
  const auto refused = test::run_task(
      io_, probe_route(io_.get_executor(), outbound, at(443, true, "passport.test"), soon()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kDenied);
  EXPECT_TRUE(peer.received().starts_with("CONNECT passport.test:443 "));
}

}  // namespace
}  // namespace passport::net
