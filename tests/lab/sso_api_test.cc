#include "lab/sso_api.h"

#include <random>

#include <gtest/gtest.h>

#include "base/json.h"
#include "lab/service.h"
#include "tests/lab/signing.h"
#include "wire/aws/sso_messages.h"
#include "wire/aws/sts_messages.h"

namespace passport::lab {
namespace {

constexpr std::int64_t kNow = 1795370400;

class LoginTest : public testing::Test {
 protected:
  LoginTest()
      : state("eu-west-1", [this](std::span<std::uint8_t> out) {
          for (auto& b : out) b = static_cast<std::uint8_t>(numbers_());
        }) {
    key.id = state.add_user_key("lab");
    key.secret = state.find_key(key.id)->secret.reveal();
  }

  wire::aws::SsoToken login() {
    return wire::aws::parse_sso_token(make_sso_login(state, kNow)).value();
  }
  wire::HttpResponse send(const wire::HttpRequest& request) {
    return answer_request(state, request, kNow);
  }
  wire::HttpResponse credentials(const wire::aws::SsoToken& token,
                                 std::string_view account = kAccount) {
    return send(wire::aws::make_get_role_credentials(account, "ops", token.access_token));
  }
  wire::HttpResponse assume(wire::aws::AssumeRoleRequest asked) {
    auto request = wire::aws::make_assume_role(asked);
    request.headers.emplace_back("Host", "127.0.0.1:4443");
    sign(request, key, "sts", "eu-west-1", kNow);
    return send(request);
  }
  static std::string_view code_of(const wire::HttpResponse& response) {
    return wire::find_header(response.headers, "X-Amzn-ErrorType");
  }

  ServiceState state;
  TestKey key;

 private:
  std::mt19937 numbers_{1};
};

TEST_F(LoginTest, ATokenGivesKeysOfARole) {
  const auto token = login();
  const auto answer = credentials(token);
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto issued = wire::aws::parse_role_credentials(answer.body);
  ASSERT_TRUE(issued);
  ASSERT_NE(state.find_principal(issued->key.id), nullptr);
  EXPECT_EQ(state.find_principal(issued->key.id)->arn,
            "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_ops/lab");
  EXPECT_EQ(code_of(credentials(token, "1")), "ForbiddenException");
  auto other = token;
  other.access_token = Secret("guess");
  EXPECT_EQ(credentials(other).status, 401);
  EXPECT_EQ(code_of(credentials(other)), "UnauthorizedException");
}

TEST_F(LoginTest, WithoutALoginThereIsNone) {
  wire::aws::SsoToken none;
  EXPECT_EQ(credentials(none).status, 401);
  EXPECT_EQ(send(wire::aws::make_create_token(none)).status, 401);
}

TEST_F(LoginTest, ARefreshTokenIsGoodOnce) {
  const auto token = login();
  const auto answer = send(wire::aws::make_create_token(token));
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto renewed = wire::aws::parse_created_token(
      answer.body, token, std::chrono::sys_seconds(std::chrono::seconds(kNow)));
  ASSERT_TRUE(renewed);
  EXPECT_EQ(credentials(token).status, 401);
  EXPECT_EQ(credentials(*renewed).status, 200);
  EXPECT_EQ(code_of(send(wire::aws::make_create_token(token))), "InvalidGrantException");
  auto stranger = *renewed;
  stranger.client_secret = Secret("guess");
  EXPECT_EQ(code_of(send(wire::aws::make_create_token(stranger))), "InvalidClientException");
  EXPECT_EQ(send(wire::aws::make_create_token(*renewed)).status, 200);
}

TEST_F(LoginTest, SomeRolesWantAnMfaCode) {
  state.mfa_code = Secret("123456");
  wire::aws::AssumeRoleRequest asked;
  asked.role_arn = "arn:aws:iam::123456789012:role/mfa-ops";
  asked.role_session_name = "ada";
  EXPECT_EQ(assume(asked).status, 403);
  asked.serial_number = kMfaDevice;
  asked.token_code = Secret("654321");
  EXPECT_NE(assume(asked).body.find("MultiFactorAuthentication failed"), std::string::npos);
  asked.token_code = Secret("123456");
  EXPECT_EQ(assume(asked).status, 200);
  asked.serial_number = "arn:aws:iam::123456789012:mfa/other";
  EXPECT_EQ(assume(asked).status, 403);
  asked.role_arn = "arn:aws:iam::123456789012:role/ops";  // a code that is given must be right
  EXPECT_EQ(assume(asked).status, 403);
}

}  // namespace
}  // namespace passport::lab
