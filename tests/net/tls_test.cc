#include "net/tls.h"

#include <fstream>

#include <gtest/gtest.h>

#include "net/connect.h"
#include "net/tls_engine.h"
#include "tests/net/loopback.h"

namespace passport::net {
namespace {

class Tls : public testing::Test {
 protected:
  void serve(TlsContext tls) {
    auto listening = HttpServer::listen(
        io_.get_executor(), std::move(tls), "127.0.0.1", 0,
        {.request = [](wire::HttpRequest) -> Task<wire::HttpResponse> {
           co_return wire::HttpResponse{.status = 204, .headers = {}, .body = ""};
         },
         .upgrade = {},
         .websocket = {}});
    ASSERT_TRUE(listening);
    server_ = std::move(*listening);
  }

  Result<BufferedStream> connect(const TlsContext& tls, std::string host = "127.0.0.1") {
    return test::run_task(
        io_, connect_stream(io_.get_executor(), tls, at(server_->port(), true, std::move(host)),
                            soon()));
  }

  std::string refusal(const TlsContext& tls, std::string host = "127.0.0.1") {
    const auto stream = connect(tls, host);
    if (stream) return "accepted";
    EXPECT_EQ(stream.error().code, Errc::kUnavailable);
    const auto prefix = "TLS with " + host + ":" + std::to_string(server_->port()) + ": ";
    EXPECT_TRUE(stream.error().detail.starts_with(prefix)) << stream.error().detail;
    return stream.error().detail.substr(prefix.size());
  }

  asio::io_context io_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(Tls, AcceptsTheNameAndTheAddressOfTheCertificate) {
  serve(server_tls());
  EXPECT_TRUE(connect(client_tls()));
  EXPECT_TRUE(connect(client_tls(), "localhost"));
}

TEST_F(Tls, RefusesAnotherName) {
  serve(server_tls({"DNS:example.com", "IP:127.0.0.2"}));
  EXPECT_EQ(refusal(client_tls(), "localhost"), "certificate verify failed: hostname mismatch");
  EXPECT_EQ(refusal(client_tls()), "certificate verify failed: IP address mismatch");
}

TEST_F(Tls, ANameThatReadsLikeTheAddressIsNotTheAddress) {
  serve(server_tls({"DNS:127.0.0.1"}));
  EXPECT_EQ(refusal(client_tls()), "certificate verify failed: IP address mismatch");
}

TEST(TlsEngine, NeedsAHostThatItCanVerify) {
  EXPECT_TRUE(TlsEngine::client(client_tls(), "localhost", 443));
  EXPECT_TRUE(TlsEngine::client(client_tls(), "::1", 443));
  for (const auto& host : {std::string(), std::string("."), std::string(".localhost"),
                           std::string("localhost\0.example", 18), std::string(300, 'a')}) {
    const auto engine = TlsEngine::client(client_tls(), host, 443);
    ASSERT_FALSE(engine) << host;
    EXPECT_EQ(engine.error().code, Errc::kConfig);
  }
}

TEST_F(Tls, RefusesAnUnknownAuthority) {
  serve(server_tls());
  const test::TestCertificates other("another CA");
  const auto tls = TlsContext::client(other.ca_file());
  ASSERT_TRUE(tls);
  EXPECT_EQ(refusal(*tls),
            "certificate verify failed: self-signed certificate in certificate chain");
}

TEST_F(Tls, TheSystemsAuthoritiesDoNotIncludeOurs) {
  serve(server_tls());
  const auto tls = TlsContext::client("");
  ASSERT_TRUE(tls);
  EXPECT_NE(refusal(*tls), "accepted");
}

TEST_F(Tls, RefusesAnExpiredCertificate) {
  serve(server_tls({"IP:127.0.0.1"}, -60));
  EXPECT_EQ(refusal(client_tls()), "certificate verify failed: certificate has expired");
}

TEST_F(Tls, SaysWhenThePeerSpeaksNoTls) {
  ScriptedPeer peer(io_, {"HTTP/1.1 400 Bad Request\r\n\r\n"});
  const auto stream = test::run_task(
      io_, connect_stream(io_.get_executor(), client_tls(), at(peer.port()), soon()));
  ASSERT_FALSE(stream);
  EXPECT_NE(stream.error().detail.find("wrong version number"), std::string::npos)
      << stream.error().detail;
}

TEST_F(Tls, TheSecondConnectionToAHostResumes) {
  serve(server_tls());
  HttpClient client(io_.get_executor(), client_tls());
  const auto tls = client_tls();
  auto first = connect(tls);
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->resumed());
  // TLS 1.3 sends the session after the handshake: it comes with the first answer.
  first->append(as_bytes("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  first->start_flush();
  test::run_task(io_, first->fill());
  auto second = connect(tls);
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->resumed());
  auto by_another_name = connect(tls, "localhost");
  ASSERT_TRUE(by_another_name);
  EXPECT_FALSE(by_another_name->resumed()) << "a resumed session is not verified again";
}

TEST(TlsContext, RefusesACaFileThatCannotBeUsed) {
  const auto missing = TlsContext::client("/nonexistent/ca.pem");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::kConfig);
  EXPECT_NE(missing.error().detail.find("\"/nonexistent/ca.pem\""), std::string::npos);
  const auto path = testing::TempDir() + "net_test_no_certificate.pem";
  std::ofstream(path) << "nothing\n";
  const auto empty = TlsContext::client(path);
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, Errc::kConfig);
}

TEST(TlsContext, RefusesAKeyThatIsNotTheCertificates) {
  const auto one = test_ca().issue({"DNS:a"});
  const auto other = test_ca().issue({"DNS:b"});
  EXPECT_TRUE(TlsContext::server(one.chain_pem, one.key_pem));
  EXPECT_EQ(TlsContext::server(one.chain_pem, other.key_pem).error().code, Errc::kConfig);
  EXPECT_EQ(TlsContext::server(one.chain_pem, "").error().code, Errc::kConfig);
  EXPECT_EQ(TlsContext::server("", one.key_pem).error().code, Errc::kConfig);
}

}  // namespace
}  // namespace passport::net
