#include "aws/settings.h"

#include "aws/shared_files.h"
#include "tests/aws/fake_world.h"

namespace passport::aws {
namespace {

void expect_fault(const Result<Settings>& settings, std::string_view words) {
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error().code, Errc::kConfig);
  EXPECT_NE(settings.error().detail.find(words), std::string::npos) << settings.error().detail;
}

TEST(Settings, RegionByPrecedence) {
  FakeWorld world;
  const auto region = [&](const std::string& chosen = "") {
    return world.load({.region = chosen}).value().region;
  };
  world.config("[default]\nregion = from-profile\n");
  EXPECT_EQ(region(), "from-profile");
  world.variables["AWS_DEFAULT_REGION"] = "from-default";
  EXPECT_EQ(region(), "from-default");
  world.variables["AWS_REGION"] = "from-env";
  EXPECT_EQ(region(), "from-env");
  EXPECT_EQ(region("from-option"), "from-option");
}

TEST(Settings, NoRegionIsAnErrorWithAHint) {
  FakeWorld world;
  const auto settings = world.load();
  expect_fault(settings, "no region");
  EXPECT_NE(settings.error().hint.find("AWS_REGION"), std::string::npos);
  world.variables["AWS_REGION"] = "evil.com/";
  expect_fault(world.load(), "region \"evil.com/\" is not a region's name");
}

TEST(Settings, ProfileByPrecedence) {
  FakeWorld world;
  world.config("[default]\nregion=r-0\n[profile a]\nregion=r-a\n[profile b]\nregion=r-b\n");
  EXPECT_EQ(world.load()->profile, "default");
  EXPECT_FALSE(world.load()->profile_chosen);
  world.variables["AWS_PROFILE"] = "a";
  EXPECT_EQ(world.load()->region, "r-a");
  EXPECT_FALSE(world.load()->profile_chosen);
  const auto chosen = world.load({.profile = "b"});
  EXPECT_EQ(chosen->region, "r-b");
  EXPECT_TRUE(chosen->profile_chosen);
}

TEST(Settings, AProfileThatDoesNotExistIsNamedWithTheFiles) {
  FakeWorld world;
  world.variables["AWS_REGION"] = "eu-west-1";
  const auto settings = world.load({.profile = "no\x1b"});
  expect_fault(settings, "profile \"no\\x1b\" does not exist");
  expect_fault(settings, (world.home / ".aws/config").string());
  world.variables["AWS_CONFIG_FILE"] = "~/other";
  expect_fault(world.load({.profile = "no"}), (world.home / "other").string());
  world.write("other", "[profile no]\n");
  EXPECT_TRUE(world.load({.profile = "no"}));
  world.variables.erase("HOME");
  world.variables.erase("AWS_CONFIG_FILE");
  expect_fault(world.load({.profile = "no"}), "no files");
  EXPECT_TRUE(world.load());
}

TEST(Settings, ACredentialsFilesProfileIsEnough) {
  FakeWorld world;
  world.variables["AWS_REGION"] = "eu-west-1";
  world.shared_credentials("[only]\naws_access_key_id=A\naws_secret_access_key=S\n");
  EXPECT_TRUE(world.load({.profile = "only"}));
}

TEST(Settings, AFileThatCannotBeReadIsNamedWithItsLine) {
  FakeWorld world;
  world.config("[default]\ncanary\n");
  const auto settings = world.load();
  expect_fault(settings, ".aws/config: line 2: a setting without '='");
  expect_no_secret(settings.error());
  std::filesystem::remove(world.home / ".aws/config");
  std::filesystem::create_directory(world.home / ".aws/config");
  expect_fault(world.load(), "directory");
}

TEST(Settings, EndpointsByPrecedence) {
  FakeWorld world;
  world.config(
      "[default]\nregion=eu-west-1\nendpoint_url=https://profile\nservices=local\n"
      "[services local]\nssm =\n  endpoint_url = https://section/base/\n");
  const auto url = [&](std::string_view service) {
    return world.load()->endpoint(service).url();
  };
  EXPECT_EQ(url("ssm"), "https://section/base");
  EXPECT_EQ(url("sts"), "https://profile");
  world.variables["AWS_ENDPOINT_URL"] = "https://all:8443";
  EXPECT_EQ(url("ssm"), "https://all:8443");
  world.variables["AWS_ENDPOINT_URL_SSM"] = "http://127.0.0.1:1";
  EXPECT_EQ(url("ssm"), "http://127.0.0.1:1");
  EXPECT_EQ(url("kms"), "https://all:8443");
  world.variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "True";
  EXPECT_EQ(url("ssm"), "https://ssm.eu-west-1.amazonaws.com");
  EXPECT_FALSE(world.load()->stream_endpoint());
}

TEST(Settings, EndpointsThatCannotBeUsed) {
  FakeWorld world;
  world.variables["AWS_REGION"] = "eu-west-1";
  world.variables["AWS_ENDPOINT_URL_SSM"] = "localhost:1";
  expect_fault(world.load(), "ssm endpoint \"localhost:1\"");
  world.variables["AWS_ENDPOINT_URL_SSM"] = "https://u:canary@h";
  const auto settings = world.load();
  expect_fault(settings, "names a user");
  expect_no_secret(settings.error());
}

TEST(Settings, PlainHttpIsForLoopbackAlone) {
  FakeWorld world;
  world.variables["AWS_REGION"] = "eu-west-1";
  for (const auto* good : {"http://localhost:1", "http://127.9.9.9", "http://[::1]:1"}) {
    world.variables["AWS_ENDPOINT_URL"] = good;
    EXPECT_TRUE(world.load()) << good;
  }
  for (const auto* bad :
       {"http://ssm.eu-west-1.amazonaws.com", "http://127.evil.com", "http://10.0.0.1:1",
        "http://localhost.evil.com", "http://[fd00:ec2::23]", "http://0.0.0.0"}) {
    world.variables["AWS_ENDPOINT_URL"] = bad;
    expect_fault(world.load(), "ssm endpoint \"" + std::string(bad) + "\": plain http");
  }
}

TEST(Settings, TheMessageGatewayMayBeWhereSsmIs) {
  FakeWorld world;
  world.variables["AWS_REGION"] = "eu-west-1";
  EXPECT_FALSE(world.load()->stream_endpoint());
  world.variables["AWS_ENDPOINT_URL_SSM"] = "https://ssm.example:1";
  EXPECT_EQ(world.load()->stream_endpoint()->url(), "https://ssm.example:1");
  world.variables["AWS_ENDPOINT_URL_SSMMESSAGES"] = "https://gateway.example:2";
  EXPECT_EQ(world.load()->stream_endpoint()->url(), "https://gateway.example:2");
}

TEST(Settings, TheCommandLinesEndpointCounts) {
  FakeWorld world;
  world.variables["AWS_REGION"] = "eu-west-1";
  world.variables["AWS_ENDPOINT_URL_SSM"] = "https://ssm.example:1";
  const auto chosen = world.load({.endpoint_url = "https://vpce-1.ssm.example"});
  EXPECT_EQ(chosen->endpoint("ssm").url(), "https://vpce-1.ssm.example");
  EXPECT_EQ(chosen->stream_endpoint()->url(), "https://vpce-1.ssm.example");
  // The region's own says nothing of where the message gateway is.
  const auto own = world.load({.endpoint_url = "https://ssm.eu-west-1.amazonaws.com"});
  EXPECT_EQ(own->endpoint("ssm").url(), "https://ssm.eu-west-1.amazonaws.com");
  EXPECT_FALSE(own->stream_endpoint());
  expect_fault(world.load({.endpoint_url = "http://ssm.example"}), "plain http");
}

TEST(Settings, VariantsOfEndpoints) {
  FakeWorld world;
  world.config(
      "[default]\nregion=us-east-1\nuse_fips_endpoint=true\nuse_dualstack_endpoint=TRUE\n");
  const auto url = [&](std::string_view service) {
    return world.load()->endpoint(service).url();
  };
  EXPECT_EQ(url("ssm"), "https://ssm-fips.us-east-1.api.aws");
  world.variables["AWS_USE_FIPS_ENDPOINT"] = "false";
  EXPECT_EQ(url("ssmmessages"), "https://ssmmessages.us-east-1.api.aws");
  world.variables["AWS_USE_DUALSTACK_ENDPOINT"] = "False";
  EXPECT_EQ(url("sso-oidc"), "https://oidc.us-east-1.amazonaws.com");
  world.variables["AWS_ENDPOINT_URL_SSO_OIDC"] = "https://oidc.example";
  EXPECT_EQ(url("sso-oidc"), "https://oidc.example");
  world.variables["AWS_USE_FIPS_ENDPOINT"] = "yes";
  expect_fault(world.load(), "use_fips_endpoint \"yes\" is not true or false");
}

TEST(Settings, TheGlobalStsWhenAskedFor) {
  FakeWorld world;
  world.variables["AWS_REGION"] = "eu-west-1";
  const auto sts = [&] {
    const auto settings = world.load().value();
    return settings.endpoint("sts").url() + " " + settings.signing_region("sts");
  };
  EXPECT_EQ(sts(), "https://sts.eu-west-1.amazonaws.com eu-west-1");
  world.variables["AWS_STS_REGIONAL_ENDPOINTS"] = "legacy";
  EXPECT_EQ(sts(), "https://sts.amazonaws.com us-east-1");
  EXPECT_EQ(world.load()->signing_region("ssm"), "eu-west-1");
  world.variables["AWS_USE_FIPS_ENDPOINT"] = "true";
  EXPECT_EQ(sts(), "https://sts-fips.eu-west-1.amazonaws.com eu-west-1");
  world.variables["AWS_USE_FIPS_ENDPOINT"] = "false";
  world.variables["AWS_ENDPOINT_URL_STS"] = "https://sts.example";
  EXPECT_EQ(sts(), "https://sts.example eu-west-1");
  world.variables.erase("AWS_ENDPOINT_URL_STS");
  world.variables["AWS_REGION"] = "cn-north-1";
  EXPECT_EQ(sts(), "https://sts.cn-north-1.amazonaws.com.cn cn-north-1");
  world.variables["AWS_STS_REGIONAL_ENDPOINTS"] = "global";
  expect_fault(world.load(), "sts_regional_endpoints \"global\"");
}

TEST(Settings, AGatewayOfItsOwn) {
  FakeWorld world;
  world.config(
      "[default]\nregion=eu-west-1\nservices=s\n[services s]\nssmmessages =\n"
      "  endpoint_url = https://gateway.example\n");
  EXPECT_TRUE(world.load()->own_gateway);
  world.variables["AWS_ENDPOINT_URL"] = "https://all.example";
  EXPECT_FALSE(world.load()->own_gateway);
  world.variables["AWS_ENDPOINT_URL_SSMMESSAGES"] = "https://gateway.example:2";
  EXPECT_TRUE(world.load()->own_gateway);
  world.variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
  EXPECT_FALSE(world.load()->own_gateway);
}

TEST(Settings, ProxiesByPrecedence) {
  FakeWorld world;
  world.variables["AWS_REGION"] = "eu-west-1";
  const auto proxy = [&](const std::string& host = "ssm.example") -> std::string {
    const auto settings = world.load().value();
    const auto found =
        settings.proxies.find({.tls = true, .host = host, .port = 443, .path = ""});
    return *found == nullptr ? "none" : (*found)->endpoint.host;
  };
  EXPECT_EQ(proxy(), "none");
  world.variables["http_proxy"] = "http://plain";
  EXPECT_EQ(proxy(), "none");
  world.variables["ALL_PROXY"] = "http://every";
  EXPECT_EQ(proxy(), "every");
  world.variables["all_proxy"] = "http://every-small";
  EXPECT_EQ(proxy(), "every-small");
  world.variables["HTTPS_PROXY"] = "http://upper";
  EXPECT_EQ(proxy(), "upper");
  world.variables["https_proxy"] = "http://lower";
  EXPECT_EQ(proxy(), "lower");
  world.variables["NO_PROXY"] = "ssm.example";
  EXPECT_EQ(proxy(), "none");
  EXPECT_EQ(proxy("sts.example"), "lower");
  world.variables["no_proxy"] = "sts.example";
  EXPECT_EQ(proxy(), "lower");
  EXPECT_EQ(proxy("sts.example"), "none");
  world.variables["https_proxy"] = "";
  EXPECT_EQ(proxy(), "none");
  world.variables["https_proxy"] = "socks5://u:canary@p";
  const auto settings = world.load().value();
  const auto found =
      settings.proxies.find({.tls = true, .host = "h.example", .port = 443, .path = ""});
  ASSERT_FALSE(found);
  EXPECT_TRUE(found.error().detail.starts_with("https_proxy")) << found.error().detail;
  expect_no_secret(found.error());
}

TEST(Settings, TrustAndRetries) {
  FakeWorld world;
  world.config("[default]\nregion=eu-west-1\nca_bundle=/profile.pem\nmax_attempts=7\n");
  EXPECT_EQ(world.load()->ca_bundle, "/profile.pem");
  EXPECT_EQ(world.load()->max_attempts, 7);
  world.variables["AWS_CA_BUNDLE"] = "/env.pem";
  world.variables["AWS_MAX_ATTEMPTS"] = "1";
  EXPECT_EQ(world.load()->ca_bundle, "/env.pem");
  EXPECT_EQ(world.load()->max_attempts, 1);
  for (const auto* bad : {"0", "-1", "101", "x", "3x", "99999999999"}) {
    world.variables["AWS_MAX_ATTEMPTS"] = bad;
    expect_fault(world.load(), "max_attempts");
  }
}

TEST(LoadFile, HasABoundAndSaysWhy) {
  FakeWorld world;
  const auto path = world.write("file", "12345").string();
  EXPECT_EQ(load_file(path, 5).value(), "12345");
  EXPECT_EQ(load_file(path, 4).error().code, Errc::kTooLarge);
  EXPECT_EQ(load_file(path + "x", 4).error().code, Errc::kNotFound);
  EXPECT_EQ(load_file(world.home, 4).error().code, Errc::kUnavailable);
}

}  // namespace
}  // namespace passport::aws
