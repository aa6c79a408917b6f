// Credentials that a person's login stands behind: SSO, MFA codes, and the AWS CLI's caches.
#include <sys/stat.h>

#include "aws/credential_chain.h"
#include "aws/private_file.h"
#include "aws/shared_files.h"
#include "tests/aws/fake_world.h"

namespace passport::aws {
namespace {

using namespace std::chrono_literals;

constexpr char kSsoConfig[] =
    "[profile s]\nsso_session = my-sso\nsso_account_id = 123456789012\nsso_role_name = a b\n"
    "[sso-session my-sso]\nsso_start_url = https://d-1.awsapps.com/start\n"
    "sso_region = eu-central-1\n"
    "[profile old]\nsso_start_url = https://d-1.awsapps.com/start\nsso_region = us-east-1\n"
    "sso_account_id = 1\nsso_role_name = r\n";
// SHA-1 of "my-sso" and of the start URL.
constexpr char kSessionFile[] = ".aws/sso/cache/0ad374308c5a4e22f723adf10145eafad7c4031c.json";
constexpr char kUrlFile[] = ".aws/sso/cache/0c54b6c27e90660baa89eaad85ac1d5dae26cb7d.json";
constexpr char kRoleKeys[] =
    R"({"roleCredentials":{"accessKeyId":"SSO","secretAccessKey":"canary",)"
    R"("sessionToken":"canary-token","expiration":1440941760000}})";
// botocore's name for role r of account 1, with the device of ada.
constexpr char kRoleFile[] = ".aws/cli/cache/b6b71a706c351b4007827c35f013b4804a514be5.json";

class Login : public ::testing::Test {
 protected:
  Login() {
    world_.variables["AWS_REGION"] = "eu-west-1";
    std::filesystem::create_directories(world_.home / ".aws/sso/cache");
  }

  /// `in`: until the token ends.
  void write_token(const char* file, std::chrono::seconds in, const std::string& more = "") {
    const auto end = time(in);
    world_.write(file, R"({"startUrl":"https://d-1.awsapps.com/start","region":"eu-central-1",)"
                       R"("accessToken":"canary-access","expiresAt":")" +
                           end + "\"" + more + "}");
  }
  std::string refreshable(std::chrono::seconds registered = 48h) {
    return R"(,"clientId":"client","clientSecret":"canary-client","refreshToken":)"
           R"("canary-refresh","registrationExpiresAt":")" +
           time(registered) + "\"";
  }
  /// 2015-08-30T12:36:00Z and so much; within that day or the next ones.
  static std::string time(std::chrono::seconds after) {
    const auto all = 12h + 36min + after;
    const auto day = 30 + (all.count() >= 86400 ? 1 : 0);
    const auto rest = all.count() % 86400;
    char text[40];
    std::snprintf(text, sizeof text, "2015-08-%02dT%02d:%02d:%02dZ", day,
                  static_cast<int>(rest / 3600), static_cast<int>(rest / 60 % 60),
                  static_cast<int>(rest % 60));
    return text;
  }
  std::string text_of(const std::string& file) {
    return load_file((world_.home / file).string(), 1 << 20).value();
  }

  Result<Credentials> find(std::string profile, Renew renew = Renew::kNo) {
    auto settings = world_.load({.profile = std::move(profile)});
    if (!settings) return settings.error();
    auto world = world_.world();
    if (may_ask_) {
      world.ask = [this](std::string prompt, net::Deadline) -> net::Task<Result<Secret>> {
        prompts_.push_back(std::move(prompt));
        co_return answer_;
      };
    }
    CredentialChain chain(world, *settings);
    return world_.run(chain.load(renew, soon()));
  }
  void expect_fault(const std::string& profile, Errc code, std::string_view words,
                    std::string_view hint = "") {
    const auto found = find(profile);
    ASSERT_FALSE(found) << found->source;
    EXPECT_EQ(found.error().code, code) << found.error().detail;
    EXPECT_NE(found.error().detail.find(words), std::string::npos) << found.error().detail;
    EXPECT_NE(found.error().hint.find(hint), std::string::npos) << found.error().hint;
    expect_no_secret(found.error());
  }

  FakeWorld world_;
  bool may_ask_ = true;
  Result<Secret> answer_{Secret("123456")};
  std::vector<std::string> prompts_;
};

TEST_F(Login, AnSsoSessionsToken) {
  world_.config(kSsoConfig);
  write_token(kSessionFile, 1h);
  world_.answer(200, kRoleKeys);
  const auto found = find("s");
  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_EQ(found->key.id, "SSO");
  EXPECT_EQ(found->key.session_token.reveal(), "canary-token");
  EXPECT_EQ(found->source, "profile \"s\" (its SSO login)");
  EXPECT_EQ(*found->expires, world_.now + 1h);
  ASSERT_EQ(world_.sent.size(), 1U);
  const auto& sent = world_.sent[0];
  EXPECT_EQ(sent.endpoint.url(), "https://portal.sso.eu-central-1.amazonaws.com");
  EXPECT_EQ(sent.request.target,
            "/federation/credentials?account_id=123456789012&role_name=a%20b");
  EXPECT_EQ(wire::find_header(sent.request.headers, "x-amz-sso_bearer_token"), "canary-access");
  EXPECT_EQ(wire::find_header(sent.request.headers, "Authorization"), "");
}

TEST_F(Login, TheOlderFormOfSso) {
  world_.config(kSsoConfig);
  write_token(kUrlFile, 5min, refreshable());  // never renewed
  world_.answer(200, kRoleKeys);
  EXPECT_TRUE(find("old"));
  ASSERT_EQ(world_.sent.size(), 1U);
  EXPECT_EQ(world_.sent[0].endpoint.url(), "https://portal.sso.us-east-1.amazonaws.com");
  write_token(kUrlFile, -1s, refreshable());
  expect_fault("old", Errc::kExpired, "the SSO login of profile \"old\" has expired",
               "aws sso login --profile old");
  EXPECT_EQ(world_.sent.size(), 1U);
}

TEST_F(Login, SsoComesBeforeKeysOfTheProfile) {
  world_.config(kSsoConfig);
  world_.shared_credentials("[s]\naws_access_key_id=K\naws_secret_access_key=canary\n");
  write_token(kSessionFile, 1h);
  world_.answer(200, kRoleKeys);
  EXPECT_EQ(find("s")->key.id, "SSO");
}

TEST_F(Login, ATokenNearItsEndIsRenewedAndKept) {
  world_.config(kSsoConfig);
  write_token(kSessionFile, 14min, refreshable());
  world_.answer(200, R"({"accessToken":"canary-2","expiresIn":3600,"tokenType":"Bearer",)"
                     R"("refreshToken":"canary-refresh-2"})");
  world_.answer(200, kRoleKeys);
  EXPECT_TRUE(find("s"));
  ASSERT_EQ(world_.sent.size(), 2U);
  EXPECT_EQ(world_.sent[0].endpoint.url(), "https://oidc.eu-central-1.amazonaws.com");
  EXPECT_EQ(world_.sent[0].request.target, "/token");
  EXPECT_EQ(world_.sent[0].request.body,
            R"({"grantType":"refresh_token","clientId":"client","clientSecret":)"
            R"("canary-client","refreshToken":"canary-refresh"})");
  EXPECT_EQ(wire::find_header(world_.sent[1].request.headers, "x-amz-sso_bearer_token"),
            "canary-2");
  const auto kept = text_of(kSessionFile);
  EXPECT_NE(kept.find(R"("accessToken":"canary-2","expiresAt":"2015-08-30T13:36:00Z")"),
            std::string::npos)
      << kept;
  EXPECT_NE(kept.find(R"("refreshToken":"canary-refresh-2")"), std::string::npos);
  EXPECT_NE(kept.find(R"("clientSecret":"canary-client")"), std::string::npos);
  struct stat status {};
  ASSERT_EQ(::stat((world_.home / kSessionFile).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(world_.home / ".aws/sso/cache"),
                          std::filesystem::directory_iterator()),
            1);
}

TEST_F(Login, ATokenThatCannotBeRenewed) {
  world_.config(kSsoConfig);
  const std::string refused = R"({"error":"invalid_grant","error_description":"canary"})";
  const wire::HttpHeaders type = {{"x-amzn-ErrorType", "InvalidGrantException"}};
  // While it holds, it serves.
  write_token(kSessionFile, 10min, refreshable());
  world_.answer(400, refused, type);
  world_.answer(200, kRoleKeys);
  EXPECT_TRUE(find("s"));
  // Afterwards it does not.
  write_token(kSessionFile, -1min, refreshable());
  world_.answer(400, refused, type);
  expect_fault("s", Errc::kExpired, "the SSO login of profile \"s\" has expired",
               "aws sso login --profile s");
  world_.sent.clear();
  write_token(kSessionFile, -1min, refreshable(-1s));
  expect_fault("s", Errc::kExpired, "has expired", "aws sso login");
  write_token(kSessionFile, -1min);
  expect_fault("s", Errc::kExpired, "has expired", "aws sso login");
  EXPECT_TRUE(world_.sent.empty());
  // A network that fails says nothing about the login.
  write_token(kSessionFile, -1min, refreshable());
  expect_fault("s", Errc::kUnavailable, "connection refused");
}

TEST_F(Login, ATokenThatTheServiceRefuses) {
  world_.config(kSsoConfig);
  write_token(kSessionFile, 1h);
  world_.answer(401, R"({"message":"Session token not found or invalid"})",
                {{"x-amzn-ErrorType", "UnauthorizedException"}});
  expect_fault("s", Errc::kExpired, "has expired", "aws sso login --profile s");
  world_.answer(403, R"({"message":"No access"})",
                {{"x-amzn-ErrorType", "ForbiddenException:http://x"}});
  expect_fault("s", Errc::kDenied, "SSO login of profile \"s\": aws: ForbiddenException");
  world_.answer(200, R"({"roleCredentials":{"accessKeyId":"canary"}})");
  expect_fault("s", Errc::kProtocol, "GetRoleCredentials: answer without credentials");
}

TEST_F(Login, SsoFaults) {
  const std::string profile = "[profile s]\nsso_account_id=1\nsso_role_name=r\n";
  const std::pair<std::string, const char*> faults[] = {
      {profile, "it uses SSO, and has no sso_start_url"},
      {profile + "sso_session=x\n", "its sso_session \"x\" does not exist"},
      {profile + "sso_session=x\n[sso-session x]\nsso_start_url=u\n", "no sso_region"},
      {profile + "sso_session=x\nsso_region=a-1\n[sso-session x]\nsso_region=b-1\n",
       "sso_region is another than that of its sso_session"},
      {profile + "sso_start_url=u\nsso_region=evil.com/\n", "sso_region \"evil.com/\""},
      {"[profile s]\nsso_role_name=r\nsso_start_url=u\nsso_region=a-1\n", "no sso_account_id"},
  };
  for (const auto& [config, words] : faults) {
    world_.config(config);
    expect_fault("s", Errc::kConfig, words);
  }
  world_.config(kSsoConfig);
  expect_fault("s", Errc::kDenied, "there is no SSO login of profile \"s\"",
               "aws sso login --profile s");
  for (const auto* text : {"canary", "{}", R"({"accessToken":"canary"})",
                           R"({"accessToken":"canary","expiresAt":"soon"})"}) {
    world_.write(kSessionFile, text);
    expect_fault("s", Errc::kConfig, "SSO token", "aws sso login");
  }
  EXPECT_TRUE(world_.sent.empty());
}

TEST_F(Login, AnMfaCodeIsAskedForAndTheRoleKept) {
  world_.config(
      "[profile m]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=base\n"
      "mfa_serial=arn:aws:iam::1:mfa/ada\n"
      "[profile base]\naws_access_key_id=BASE\naws_secret_access_key=canary\n");
  const std::string issued =
      "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>M</AccessKeyId>"
      "<SecretAccessKey>canary</SecretAccessKey><SessionToken>canary-token</SessionToken>"
      "<Expiration>2015-08-30T13:36:00Z</Expiration></Credentials></AssumeRoleResult>"
      "</AssumeRoleResponse>";
  world_.answer(200, issued);
  EXPECT_EQ(find("m")->key.id, "M");
  EXPECT_EQ(prompts_, std::vector<std::string>{"Enter MFA code for arn:aws:iam::1:mfa/ada: "});
  EXPECT_NE(world_.sent.at(0).request.body.find(
                "SerialNumber=arn%3Aaws%3Aiam%3A%3A1%3Amfa%2Fada&TokenCode=123456"),
            std::string::npos)
      << world_.sent.at(0).request.body;

  // The second time, the AWS CLI's cache has it.
  EXPECT_EQ(text_of(kRoleFile),
            R"({"Credentials":{"AccessKeyId":"M","SecretAccessKey":"canary",)"
            R"("SessionToken":"canary-token","Expiration":"2015-08-30T13:36:00Z"}})");
  EXPECT_EQ(find("m")->source, "profile \"m\" (its role)");
  EXPECT_EQ(prompts_.size(), 1U);
  EXPECT_EQ(world_.sent.size(), 1U);
  // Nearly over, refused by AWS, or broken: a new one.
  world_.now += 46min;
  world_.answer(200, issued);
  EXPECT_TRUE(find("m"));
  EXPECT_EQ(prompts_.size(), 2U);
  world_.now -= 46min;
  world_.answer(200, issued);
  EXPECT_TRUE(find("m", Renew::kYes));
  EXPECT_EQ(prompts_.size(), 3U);
  world_.write(kRoleFile, "canary");
  world_.answer(200, issued);
  EXPECT_TRUE(find("m"));
  EXPECT_EQ(prompts_.size(), 4U);
}

TEST_F(Login, AnMfaCodeThatDoesNotCome) {
  world_.config(
      "[profile m]\nrole_arn=arn:r\nsource_profile=base\nmfa_serial=arn:mfa\n"
      "[profile base]\naws_access_key_id=BASE\naws_secret_access_key=canary\n");
  answer_ = Error{Errc::kUnavailable, "no terminal to ask on: no such device"};
  expect_fault("m", Errc::kDenied,
               "profile \"m\" wants an MFA code: no terminal to ask on: no such device",
               "aws configure export-credentials --profile m");
  answer_ = Error{Errc::kTimeout, "nobody answered on the terminal"};
  expect_fault("m", Errc::kTimeout, "nobody answered");
  may_ask_ = false;
  expect_fault("m", Errc::kExpired, "profile \"m\" wants an MFA code again");
  EXPECT_TRUE(world_.sent.empty());
}

TEST_F(Login, ARoleOfTheAwsCliIsFound) {
  world_.config(
      "[profile m]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=base\n"
      "mfa_serial=arn:aws:iam::1:mfa/ada\n[profile base]\n");
  std::filesystem::create_directories(world_.home / ".aws/cli/cache");
  world_.write(kRoleFile,
               R"({"Credentials": {"AccessKeyId": "CLI", "SecretAccessKey": "canary", )"
               R"("SessionToken": "canary", "Expiration": "2015-08-30T13:36:00UTC"}, )"
               R"("AssumedRoleUser": {}, "ResponseMetadata": {"RetryAttempts": 0}})");
  EXPECT_EQ(find("m")->key.id, "CLI");
  EXPECT_TRUE(prompts_.empty());
}

TEST(PrivateFile, IsMadeWithItsFoldersAndSaysWhyNot) {
  FakeWorld world;
  const auto path = (world.home / "a/b/file").string();
  ASSERT_TRUE(save_private_file(path, "one"));
  ASSERT_TRUE(save_private_file(path, "two"));
  EXPECT_EQ(load_file(path, 10).value(), "two");
  struct stat status {};
  ASSERT_EQ(::stat((world.home / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
  const auto under_a_file = save_private_file(path + "/x", "three");
  ASSERT_FALSE(under_a_file);
  EXPECT_EQ(under_a_file.error().code, Errc::kUnavailable);
  EXPECT_NE(under_a_file.error().detail.find(path), std::string::npos);
}

}  // namespace
}  // namespace passport::aws
