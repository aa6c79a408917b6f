// What the proxy asks of passportd, over TLS on the loopback.
#include "proxy/service_cloud.h"

#include <fstream>

#include <gtest/gtest.h>

#include "net/event.h"
#include "net/http_server.h"
#include "tests/support/run_task.h"
#include "tests/support/test_certificates.h"

namespace passport::proxy {
namespace {

using namespace std::chrono_literals;

constexpr const char* kSession = "ar-0123456789abcdef-0a1b2c3d4e5f60718";

class ServiceCloudTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto certificate = ca_.issue({"IP:127.0.0.1"});
    net::HttpHandlers handlers;
    handlers.request = [this](wire::HttpRequest request) { return answer(std::move(request)); };
    auto server = net::HttpServer::listen(
        io_.get_executor(),
        net::TlsContext::server(certificate.chain_pem, certificate.key_pem).value(),
        "127.0.0.1", 0, std::move(handlers));
    server_ = std::move(server.value());
    token_file_ = ca_.ca_file() + ".token";
    std::ofstream(token_file_) << "ppt_secret\n";
    auto cloud = ServiceCloud::open(
        io_.get_executor(),
        {{"https://127.0.0.1:" + std::to_string(server_->port()), token_file_, ca_.ca_file()},
         "ar-0123456789abcdef"});
    ASSERT_TRUE(cloud) << cloud.error().detail;
    cloud_ = std::move(*cloud);
  }
  void TearDown() override { std::remove(token_file_.c_str()); }

  net::Task<wire::HttpResponse> answer(wire::HttpRequest request) {
    seen_.push_back(std::move(request));
    net::Event never(io_.get_executor());
    if (hangs_) co_await never.wait(net::deadline_in(30s));
    co_return answer_;
  }
  void report(std::chrono::milliseconds within) {
    const SessionReport report{1234, 5678901234, 3, "signal TERM"};
    test::run_task(io_, cloud_->report(kSession, report, net::deadline_in(within)));
  }
  Error resume() {
    auto resumed = test::run_task(io_, cloud_->resume(kSession, false, net::deadline_in(5s)));
    EXPECT_FALSE(resumed);
    return resumed ? Error{} : resumed.error();
  }

  test::TestCertificates ca_;
  net::asio::io_context io_;
  std::unique_ptr<net::HttpServer> server_;
  std::string token_file_;
  std::unique_ptr<Cloud> cloud_;
  std::vector<wire::HttpRequest> seen_;
  wire::HttpResponse answer_{200, {}, "{}"};
  bool hangs_ = false;
};

TEST_F(ServiceCloudTest, ReportsHowASessionWent) {
  report(5s);
  ASSERT_EQ(seen_.size(), 1U);
  EXPECT_EQ(seen_[0].method, "POST");
  EXPECT_EQ(seen_[0].target,
            std::string("/v1/requests/ar-0123456789abcdef/sessions/") + kSession + "/report");
  EXPECT_EQ(wire::find_header(seen_[0].headers, "Authorization"), "Bearer ppt_secret");
  const auto body = parse_json_object(seen_[0].body, "body");
  ASSERT_TRUE(body);
  EXPECT_EQ(*body, (json::object{{"bytes_sent", 1234},
                                 {"bytes_received", 5678901234},
                                 {"resumes", 3},
                                 {"reason", "signal TERM"}}));
}

TEST_F(ServiceCloudTest, AReportIsNotWaitedForLongerThanItsDeadline) {
  hangs_ = true;
  const auto began = std::chrono::steady_clock::now();
  report(200ms);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  EXPECT_EQ(seen_.size(), 1U);
}

TEST_F(ServiceCloudTest, AReportThatIsRefusedIsNoFailure) {
  answer_ = {409, {}, R"({"error":{"code":"conflict","message":"reported before"}})"};
  report(5s);
  server_->stop();
  server_.reset();
  report(5s);
  EXPECT_EQ(seen_.size(), 1U);
}

/// Nothing comes of trying to resume such a session again.
TEST_F(ServiceCloudTest, ASessionWhoseRequestHasEndedIsGone) {
  answer_ = {409, {}, R"({"error":{"code":"conflict","message":"it is not active"}})"};
  auto error = resume();
  EXPECT_EQ(error.code, Errc::kNotFound);
  EXPECT_EQ(error.detail, "the service says: it is not active");
  answer_.status = 404;
  EXPECT_EQ(resume().code, Errc::kNotFound);
  answer_.status = 403;
  EXPECT_EQ(resume().code, Errc::kDenied);
  answer_.status = 503;
  EXPECT_EQ(resume().code, Errc::kUnavailable);
}

TEST_F(ServiceCloudTest, ASessionOfARequestThatIsNotActiveIsDenied) {
  answer_ = {409, {}, R"({"error":{"code":"conflict","message":"it is not active"}})"};
  aws::StartSessionRequest request;
  request.target = "i-0123456789abcdef0";
  const auto session =
      test::run_task(io_, cloud_->start_session(std::move(request), net::deadline_in(5s)));
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, Errc::kDenied);
  EXPECT_EQ(session.error().detail, "i-0123456789abcdef0: the service says: it is not active");
}

}  // namespace
}  // namespace passport::proxy
