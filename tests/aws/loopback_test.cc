// The same calls over real connections: TLS to a service, plain HTTP to instance metadata.
#include "aws/credential_chain.h"
#include "aws/ssm.h"
#include "net/http_server.h"
#include "tests/aws/fake_world.h"
#include "tests/support/test_certificates.h"

namespace passport::aws {
namespace {

using Answers = std::function<wire::HttpResponse(const wire::HttpRequest&)>;

class Loopback : public ::testing::Test {
 protected:
  Loopback() : client_tls_(net::TlsContext::client(ca_.ca_file()).value()) {
    world_.variables["AWS_REGION"] = "eu-west-1";
    world_.variables["AWS_ENDPOINT_URL"] = "https://127.0.0.1:1";
  }

  /// Answers on a port of its own; empty `tls`: plain.
  unsigned short serve(std::optional<net::TlsContext> tls, Answers answers) {
    net::HttpHandlers handlers;
    handlers.request = [answers](wire::HttpRequest request) -> net::Task<wire::HttpResponse> {
      co_return answers(request);
    };
    auto server = net::HttpServer::listen(world_.io.get_executor(), std::move(tls), "127.0.0.1",
                                          0, std::move(handlers));
    servers_.push_back(std::move(server.value()));
    return servers_.back()->port();
  }
  net::TlsContext server_tls() {
    const auto certificate = ca_.issue({"IP:127.0.0.1"});
    return net::TlsContext::server(certificate.chain_pem, certificate.key_pem).value();
  }
  World real_world() {
    auto world = make_world(world_.io.get_executor(), client_tls_);
    world.environment = world_.environment();
    return world;
  }

  test::TestCertificates ca_;
  net::TlsContext client_tls_;
  FakeWorld world_;
  std::vector<std::unique_ptr<net::HttpServer>> servers_;
};

TEST_F(Loopback, ACallWithCredentialsOfInstanceMetadata) {
  const auto metadata = serve({}, [](const wire::HttpRequest& request) -> wire::HttpResponse {
    if (request.method == "PUT") return {200, {}, "token"};
    if (wire::find_header(request.headers, "X-aws-ec2-metadata-token") != "token")
      return {401, {}, ""};
    if (request.target.ends_with('/')) return {200, {}, "role"};
    return {
        200,
        {},
        R"({"Code":"Success","AccessKeyId":"ASIA","SecretAccessKey":"s","Token":"t","Expiration":"2999-01-01T00:00:00Z"})"};
  });
  int calls = 0;
  const auto ssm_port =
      serve(server_tls(), [&](const wire::HttpRequest& request) -> wire::HttpResponse {
        if (++calls == 1) return {503, {}, ""};
        const bool known =
            wire::find_header(request.headers, "Authorization").find("Credential=ASIA/") !=
                std::string_view::npos &&
            wire::find_header(request.headers, "X-Amz-Target") == "AmazonSSM.TerminateSession";
        return {known ? 200 : 403, {}, "{}"};
      });
  world_.variables.erase("AWS_EC2_METADATA_DISABLED");
  world_.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] =
      "http://127.0.0.1:" + std::to_string(metadata);
  world_.variables["AWS_ENDPOINT_URL"] = "https://127.0.0.1:" + std::to_string(ssm_port);
  const auto settings = world_.load().value();
  auto world = real_world();
  world.jitter = [] { return 0.0; };
  CredentialChain chain(world, settings);
  ServiceClient client(world, settings, chain.source());
  Ssm ssm(client);
  const auto done = world_.run(ssm.terminate_session("dev-0a1b", soon()));
  EXPECT_TRUE(done) << done.error().detail;
  EXPECT_EQ(calls, 2);
}

TEST_F(Loopback, AServerOfAnotherAuthorityIsRefused) {
  const test::TestCertificates other("another CA");
  const auto certificate = other.issue({"IP:127.0.0.1"});
  const auto port =
      serve(net::TlsContext::server(certificate.chain_pem, certificate.key_pem).value(),
            [](const wire::HttpRequest&) -> wire::HttpResponse {
              ADD_FAILURE() << "a request came through";
              return {200, {}, "{}"};
            });
  world_.variables["AWS_ENDPOINT_URL"] = "https://127.0.0.1:" + std::to_string(port);
  world_.variables["AWS_ACCESS_KEY_ID"] = "A";
  world_.variables["AWS_SECRET_ACCESS_KEY"] = "canary";
  world_.variables["AWS_MAX_ATTEMPTS"] = "1";
  const auto settings = world_.load().value();
  CredentialChain chain(real_world(), settings);
  ServiceClient client(real_world(), settings, chain.source());
  Ssm ssm(client);
  const auto done = world_.run(ssm.terminate_session("dev-0a1b", soon()));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::kUnavailable);
  expect_no_secret(done.error());
}

TEST_F(Loopback, TheRealWorldHasAClockAPauseAndAJitter) {
  const auto world = make_world(world_.io.get_executor(), client_tls_);
  EXPECT_GT(world.now(), std::chrono::sys_seconds(std::chrono::seconds(1700000000)));
  for (int i = 0; i < 100; ++i) {
    const auto jitter = world.jitter();
    EXPECT_TRUE(jitter >= 0 && jitter < 1) << jitter;
  }
  test::run_task(world_.io, world.sleep(std::chrono::milliseconds(0)));
  EXPECT_FALSE(world.environment("PASSPORT_TEST_NOT_SET"));
  EXPECT_TRUE(world.environment("PATH"));
}

}  // namespace
}  // namespace passport::aws
