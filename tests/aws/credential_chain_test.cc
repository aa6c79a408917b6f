#include "aws/credential_chain.h"

#include "tests/aws/fake_world.h"

namespace passport::aws {
namespace {

using namespace std::chrono_literals;

std::string process_line(const FakeWorld& world, const std::string& id) {
  const auto path = world.write(id + ".sh", "echo '{\"Version\":1,\"AccessKeyId\":\"" + id +
                                                "\",\"SecretAccessKey\":\"canary\"}'\n");
  return "credential_process = /bin/sh " + path.string() + "\n";
}

std::string keys(const std::string& id) {
  return "aws_access_key_id = " + id + "\naws_secret_access_key = canary-" + id + "\n";
}

std::string assumed(const std::string& id, const std::string& action = "AssumeRole") {
  return "<" + action + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" +
         action + "Result><Credentials><AccessKeyId>" + id +
         "</AccessKeyId><SecretAccessKey>canary</SecretAccessKey><SessionToken>canary-token"
         "</SessionToken><Expiration>2015-08-30T13:36:00Z</Expiration></Credentials></" +
         action + "Result></" + action + "Response>";
}

std::string metadata(const std::string& id, const std::string& until = "2015-08-30T13:36:00Z") {
  return R"({"Code":"Success","AccessKeyId":")" + id +
         R"(","SecretAccessKey":"canary","Token":"canary-token","Expiration":")" + until +
         "\"}";
}

class Chain : public ::testing::Test {
 protected:
  Chain() { world_.variables["AWS_REGION"] = "eu-west-1"; }

  Result<Credentials> find(const SettingsChoice& choice = {}) {
    auto settings = world_.load(choice);
    if (!settings) return settings.error();
    CredentialChain chain(world_.world(), *settings);
    return world_.run(chain.load(Renew::kNo, soon()));
  }
  void expect_found(std::string_view id, std::string_view source,
                    const SettingsChoice& choice = {}) {
    const auto found = find(choice);
    ASSERT_TRUE(found) << found.error().detail;
    EXPECT_EQ(found->key.id, id);
    EXPECT_EQ(found->source, source);
  }
  void expect_fault(Errc code, std::string_view words, const SettingsChoice& choice = {}) {
    const auto found = find(choice);
    ASSERT_FALSE(found) << found->source;
    EXPECT_EQ(found.error().code, code) << found.error().detail;
    EXPECT_NE(found.error().detail.find(words), std::string::npos) << found.error().detail;
    expect_no_secret(found.error());
  }
  void use_environment() {
    world_.variables["AWS_ACCESS_KEY_ID"] = "ENV";
    world_.variables["AWS_SECRET_ACCESS_KEY"] = "canary";
  }
  void use_instance() {
    world_.variables.erase("AWS_EC2_METADATA_DISABLED");
    world_.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:1338/";
  }
  FakeWorld world_;
};

TEST_F(Chain, Nothing) {
  expect_fault(Errc::kDenied,
               "no AWS credentials found (looked at: environment; profile \"default\" in ");
  expect_fault(Errc::kDenied, "container (not configured); instance metadata (switched off))");
  EXPECT_NE(find().error().hint.find("AWS_PROFILE"), std::string::npos);
  EXPECT_TRUE(world_.sent.empty());
}

// Everything is there; the first is taken away step by step.
TEST_F(Chain, Precedence) {
  use_environment();
  use_instance();
  world_.variables["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/web";
  world_.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = world_.write("token", "canary\n");
  world_.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:1/creds";
  const auto process = process_line(world_, "PROCESS");
  world_.config("[default]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\n" +
                process + keys("CONFIG") + "[profile base]\n" + keys("BASE"));
  world_.shared_credentials("[default]\n" + keys("SHARED"));

  expect_found("ENV", "the environment");
  world_.variables.erase("AWS_ACCESS_KEY_ID");
  world_.answer(200, assumed("ROLE"));
  expect_found("ROLE", "profile \"default\" (its role)");
  world_.config("[default]\n" + process + keys("CONFIG"));
  world_.answer(200, assumed("WEB", "AssumeRoleWithWebIdentity"));
  expect_found("WEB", "the web identity token");
  world_.variables.erase("AWS_WEB_IDENTITY_TOKEN_FILE");
  expect_found("SHARED", "profile \"default\"");
  world_.shared_credentials("");
  expect_found("PROCESS", "credential_process of profile \"default\"");
  world_.config("[default]\n" + keys("CONFIG"));
  expect_found("CONFIG", "profile \"default\"");
  world_.config("");
  world_.answer(200, metadata("CONTAINER"));
  expect_found("CONTAINER", "container credentials service");
  world_.variables.erase("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  world_.answer(200, "imds-token");
  world_.answer(200, "my-role\n");
  world_.answer(200, metadata("INSTANCE"));
  expect_found("INSTANCE", "instance metadata (role my-role)");
  EXPECT_TRUE(world_.answers.empty());
}

TEST_F(Chain, AChosenProfileCountsBeforeTheEnvironmentANamedOneDoesNot) {
  use_environment();
  world_.config("[profile dev]\n" + keys("DEV"));
  world_.variables["AWS_PROFILE"] = "dev";
  expect_found("ENV", "the environment");
  expect_found("DEV", "profile \"dev\"", {.profile = "dev"});
}

TEST_F(Chain, EnvironmentFaults) {
  use_environment();
  world_.variables["AWS_SECRET_ACCESS_KEY"] = "";
  expect_fault(Errc::kConfig, "AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not");
  use_environment();
  world_.variables["AWS_SESSION_TOKEN"] = "t";
  world_.variables["AWS_CREDENTIAL_EXPIRATION"] = "soon";
  expect_fault(Errc::kConfig, "AWS_CREDENTIAL_EXPIRATION");
  world_.variables["AWS_CREDENTIAL_EXPIRATION"] = "2015-08-30T12:36:00Z";
  expect_fault(Errc::kExpired, "AWS credentials from the environment have expired");
  world_.variables["AWS_CREDENTIAL_EXPIRATION"] = "2015-08-30T12:36:01Z";
  EXPECT_EQ(find()->key.session_token.reveal(), "t");
}

TEST_F(Chain, AKeyWithoutASecretIsAFault) {
  world_.config("[default]\naws_access_key_id=A\n");
  expect_fault(Errc::kConfig,
               "profile \"default\" has aws_access_key_id, but not aws_secret_access_key");
}

TEST_F(Chain, ARoleIsAssumedWithItsSourcesKeysAndAllItsSettings) {
  world_.config(
      "[profile top]\nrole_arn = arn:aws:iam::1:role/top\nsource_profile = mid\n"
      "external_id = e/1\nduration_seconds = 900\nrole_session_name = me\n"
      "[profile mid]\nrole_arn = arn:aws:iam::1:role/mid\nsource_profile = base\n"
      "[profile base]\n" +
      keys("BASE"));
  world_.answer(200, assumed("MID"));
  world_.answer(200, assumed("TOP"));
  expect_found("TOP", "profile \"top\" (its role)", {.profile = "top"});
  ASSERT_EQ(world_.sent.size(), 2U);
  const auto& first = world_.sent[0].request;
  EXPECT_EQ(world_.sent[0].endpoint.url(), "https://sts.eu-west-1.amazonaws.com");
  EXPECT_NE(
      first.body.find(
          "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fmid&RoleSessionName=passport-1440938160"),
      std::string::npos)
      << first.body;
  EXPECT_NE(wire::find_header(first.headers, "Authorization").find("Credential=BASE/"),
            std::string::npos);
  const auto& second = world_.sent[1].request;
  EXPECT_NE(second.body.find("RoleSessionName=me&ExternalId=e%2F1&DurationSeconds=900"),
            std::string::npos);
  EXPECT_NE(wire::find_header(second.headers, "Authorization").find("Credential=MID/"),
            std::string::npos);
  EXPECT_EQ(wire::find_header(second.headers, "X-Amz-Security-Token"), "canary-token");
}

TEST_F(Chain, ARolesSourceMayBeItsOwnKeysOrANamedPlace) {
  const std::string role = "[default]\nrole_arn = arn:aws:iam::1:role/r\n";
  world_.config(role + "source_profile = default\n" + keys("OWN"));
  world_.answer(200, assumed("R1"));
  expect_found("R1", "profile \"default\" (its role)");

  world_.config("[profile x]\nrole_arn = r\ncredential_source = Environment\n");
  use_environment();
  world_.answer(200, assumed("R2"));
  expect_found("R2", "profile \"x\" (its role)", {.profile = "x"});

  world_.config("[profile x]\nrole_arn = r3\ncredential_source = EcsContainer\n");
  world_.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/creds?id=1";
  world_.answer(200, metadata("C"));
  world_.answer(200, assumed("R3"));
  expect_found("R3", "profile \"x\" (its role)", {.profile = "x"});

  world_.config("[profile x]\nrole_arn = r4\ncredential_source = Ec2InstanceMetadata\n");
  expect_fault(Errc::kConfig,
               "profile \"x\": its credential_source Ec2InstanceMetadata has no credentials",
               {.profile = "x"});
}

TEST_F(Chain, RoleFaults) {
  const std::string role = "[default]\nrole_arn = arn:aws:iam::1:role/r\n";
  const std::pair<std::string, const char*> faults[] = {
      {role,
       "profile \"default\" has role_arn, but neither source_profile nor credential_source"},
      {role + "source_profile=a\ncredential_source=Environment\n", "but both"},
      {role + "source_profile=a\n",
       "profile \"default\": its source_profile \"a\" does not exist"},
      {role + "source_profile=a\n[profile a]\n", "source_profile \"a\" has no credentials"},
      {role + "source_profile=default\n", "source_profile \"default\" has no credentials"},
      {role + "credential_source=Moon\n", "credential_source \"Moon\" is not"},
      {role + "credential_source=Environment\n",
       "credential_source Environment has no credentials"},
      {role + "source_profile=a\nduration_seconds=5\n[profile a]\n" + keys("A"),
       "duration_seconds \"5\""},
      {role + "source_profile=a\n[profile a]\nrole_arn=r\nsource_profile=b\n"
              "[profile b]\nrole_arn=r\nsource_profile=a\n",
       "source_profile goes in a circle: profile \"default\" -> profile \"a\" -> profile \"b\" "
       "-> profile \"a\""},
  };
  for (const auto& [config, words] : faults) {
    world_.config(config);
    expect_fault(Errc::kConfig, words);
  }
  EXPECT_TRUE(world_.sent.empty());
}

TEST_F(Chain, ARoleThatIsRefusedQuotesAws) {
  world_.config("[default]\nrole_arn=arn:r\nsource_profile=a\n[profile a]\n" + keys("A"));
  world_.answer(403,
                "<ErrorResponse><Error><Code>AccessDenied</Code><Message>User is not allowed"
                "</Message></Error></ErrorResponse>");
  expect_fault(Errc::kDenied,
               "role_arn of profile \"default\": aws: AccessDenied: User is not allowed");
  world_.answer(200, "<html/>");
  expect_fault(Errc::kProtocol, "AssumeRole: answer without credentials");
}

TEST_F(Chain, WebIdentity) {
  world_.config("[profile w]\nrole_arn=arn:w\nweb_identity_token_file=" +
                world_.write("token", "canary.jwt\n").string() + "\n");
  world_.answer(200, assumed("W", "AssumeRoleWithWebIdentity"));
  expect_found("W", "the web identity token", {.profile = "w"});
  const auto& request = world_.sent.at(0).request;
  EXPECT_NE(request.body.find("WebIdentityToken=canary.jwt"), std::string::npos);
  EXPECT_EQ(request.body.find("%0A"), std::string::npos);
  EXPECT_EQ(wire::find_header(request.headers, "Authorization"), "");

  world_.answer(400,
                "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>no</Message>"
                "</Error></ErrorResponse>");
  expect_fault(Errc::kUnavailable, "web identity: aws: InvalidIdentityToken: no",
               {.profile = "w"});
  world_.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/nonexistent/token";
  expect_fault(Errc::kConfig, "no role: set AWS_ROLE_ARN");
  world_.variables["AWS_ROLE_ARN"] = "arn:r";
  expect_fault(Errc::kConfig, "web identity token: /nonexistent/token: No such file");
}

TEST_F(Chain, AProcessThatFailsIsNamed) {
  world_.config("[default]\ncredential_process = /bin/sh -c 'echo canary; exit 2'\n");
  expect_fault(Errc::kUnavailable,
               "credential_process of profile \"default\": it exited with status 2");
}

TEST_F(Chain, ContainerRules) {
  auto& variables = world_.variables;
  variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/get";
  variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1/other";
  variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "canary";
  world_.answer(200, metadata("C"));
  expect_found("C", "container credentials service");
  EXPECT_EQ(world_.sent.at(0).endpoint.url() + world_.sent[0].request.target,
            "http://169.254.170.2/get");
  EXPECT_EQ(wire::find_header(world_.sent[0].request.headers, "Authorization"), "canary");

  variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "@evil.com/";
  expect_fault(Errc::kConfig, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not start with '/'");
  variables.erase("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");

  variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = world_.write("auth", "from file\r\n");
  for (const auto* good : {"http://localhost/x", "http://127.9.9.9:1/x", "http://[::1]/x",
                           "http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/x",
                           "https://anywhere.example/x"}) {
    variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = good;
    world_.answer(200, metadata("C"));
    expect_found("C", "container credentials service");
    EXPECT_EQ(wire::find_header(world_.sent.back().request.headers, "Authorization"),
              "from file");
  }
  const auto calls = world_.sent.size();
  for (const auto* bad : {"http://evil.com/x", "http://127.evil.com/x", "http://10.0.0.1/x",
                          "http://169.254.169.254/x", "wss://localhost/x", "localhost",
                          "http://u:canary@localhost/"}) {
    variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = bad;
    expect_fault(Errc::kConfig, "AWS_CONTAINER_CREDENTIALS_FULL_URI: ");
  }
  variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://localhost/";
  world_.write("auth", "a\nX-Evil: canary");
  expect_fault(Errc::kConfig, "authorization token has more than one line");
  EXPECT_EQ(world_.sent.size(), calls);
}

TEST_F(Chain, ContainerFaultsAreTriedAgainWhenTheyMayPass) {
  world_.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://localhost/x";
  world_.fail(Errc::kUnavailable);
  world_.answer(500, "canary");
  world_.answer(200, metadata("C"));
  expect_found("C", "container credentials service");
  EXPECT_EQ(world_.slept.size(), 2U);
  world_.answer(403, "canary");
  expect_fault(Errc::kUnavailable, "container credentials service: it answered 403");
  expect_fault(Errc::kUnavailable, "container credentials service: connection refused");
  world_.answer(200, "canary");
  expect_fault(Errc::kUnavailable, "its answer: not JSON");
}

TEST_F(Chain, InstanceMetadataByVersion2) {
  use_instance();
  world_.answer(200, "imds-token");
  world_.answer(200, "role-1");
  world_.answer(200, metadata("I"));
  expect_found("I", "instance metadata (role role-1)");
  ASSERT_EQ(world_.sent.size(), 3U);
  EXPECT_EQ(world_.sent[0].request.method, "PUT");
  EXPECT_EQ(world_.sent[0].endpoint.url(), "http://127.0.0.1:1338");
  EXPECT_EQ(world_.sent[0].request.target, "/latest/api/token");
  EXPECT_EQ(
      wire::find_header(world_.sent[0].request.headers, "X-aws-ec2-metadata-token-ttl-seconds"),
      "21600");
  EXPECT_LE(world_.sent[0].deadline, net::deadline_in(1s));
  EXPECT_EQ(world_.sent[2].request.target, "/latest/meta-data/iam/security-credentials/role-1");
  EXPECT_EQ(wire::find_header(world_.sent[2].request.headers, "X-aws-ec2-metadata-token"),
            "imds-token");
}

TEST_F(Chain, InstanceMetadataThatIsNotThereIsNoFault) {
  use_instance();
  expect_fault(Errc::kDenied, "instance metadata (not there)");
  world_.answer(403, "");
  expect_fault(Errc::kDenied, "instance metadata (it gives no token)");
  world_.answer(200, "a\r\nX-Evil: 1");
  expect_fault(Errc::kDenied, "instance metadata (it gives no token)");
  world_.answer(200, "t");
  world_.answer(404, "");
  expect_fault(Errc::kDenied, "instance metadata (no role)");
  world_.answer(200, "t");
  world_.answer(200, "../../evil");
  expect_fault(Errc::kDenied, "instance metadata (no role)");
}

TEST_F(Chain, InstanceMetadataThatFails) {
  use_instance();
  world_.answer(200, "t");
  world_.answer(401, "");
  expect_fault(Errc::kUnavailable, "instance metadata: it answered 401");
  world_.answer(200, "t");
  world_.answer(200, "r");
  world_.answer(200, R"({"Code":"Failed","Message":"canary"})");
  expect_fault(Errc::kUnavailable, "instance metadata (role r): it answered \"Failed\"");
  world_.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "nowhere";
  expect_fault(Errc::kConfig, "instance metadata: endpoint \"nowhere\"");
}

class Kept : public Chain {
 protected:
  Kept() {
    world_.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://localhost/x";
    chain_.emplace(world_.world(), *world_.load());
  }
  Result<Credentials> load(Renew renew = Renew::kNo) {
    return world_.run(chain_->load(renew, soon()));
  }
  std::optional<CredentialChain> chain_;
};

TEST_F(Kept, UntilFiveMinutesBeforeTheEnd) {
  world_.answer(200, metadata("FIRST"));
  EXPECT_EQ(load()->key.id, "FIRST");
  world_.now += 54min + 59s;
  EXPECT_EQ(load()->key.id, "FIRST");
  EXPECT_EQ(world_.sent.size(), 1U);
  world_.now += 1s;
  world_.answer(200, metadata("SECOND", "2015-08-30T15:00:00Z"));
  EXPECT_EQ(load()->key.id, "SECOND");
}

TEST_F(Kept, UntilTheEndWhenNothingNewerCanBeHad) {
  world_.answer(200, metadata("FIRST"));
  EXPECT_EQ(load()->key.id, "FIRST");
  world_.now += 59min;
  EXPECT_EQ(load()->key.id, "FIRST");
  world_.answer(200, metadata("OLD", "2015-08-30T13:00:00Z"));
  EXPECT_EQ(load()->key.id, "FIRST");
  world_.now += 1min;
  EXPECT_EQ(load().error().code, Errc::kUnavailable);
  world_.answer(200, metadata("OLD", "2015-08-30T13:00:00Z"));
  EXPECT_EQ(load().error().code, Errc::kExpired);
}

TEST_F(Kept, ButNotWhenAskedToRenew) {
  world_.answer(200, metadata("FIRST"));
  EXPECT_EQ(load()->key.id, "FIRST");
  world_.answer(200, metadata("SECOND"));
  EXPECT_EQ(load(Renew::kYes)->key.id, "SECOND");
  EXPECT_EQ(load(Renew::kYes).error().code, Errc::kUnavailable);
  EXPECT_EQ(load()->key.id, "SECOND");
}

}  // namespace
}  // namespace passport::aws
