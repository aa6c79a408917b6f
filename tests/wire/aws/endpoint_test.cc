#include "wire/aws/endpoint.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "wire/aws/identifiers.h"

namespace passport::wire::aws {
namespace {

TEST(Endpoint, DefaultHostsFollowThePartition) {
  const std::pair<const char*, const char*> hosts[] = {
      {"eu-west-1", "ssm.eu-west-1.amazonaws.com"},
      {"us-gov-west-1", "ssm.us-gov-west-1.amazonaws.com"},
      {"cn-north-1", "ssm.cn-north-1.amazonaws.com.cn"},
      {"us-iso-east-1", "ssm.us-iso-east-1.c2s.ic.gov"},
      {"us-isob-east-1", "ssm.us-isob-east-1.sc2s.sgov.gov"},
      {"eu-isoe-west-1", "ssm.eu-isoe-west-1.cloud.adc-e.uk"},
      {"us-isof-south-1", "ssm.us-isof-south-1.csp.hci.ic.gov"},
      {"eusc-de-east-1", "ssm.eusc-de-east-1.amazonaws.eu"},
      {"xx-new-9", "ssm.xx-new-9.amazonaws.com"},
  };
  for (const auto& [region, host] : hosts)
    EXPECT_EQ(make_endpoint("ssm", region).url(), std::string("https://") + host);
  EXPECT_EQ(find_partition("us-gov-east-1").name, "aws-us-gov");
}

TEST(Endpoint, HostsAreThoseOfBotocore) {
  std::ifstream file(PASSPORT_TEST_DATA "/endpoints.txt");
  std::string line;
  int rows = 0;
  while (std::getline(file, line)) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    std::string service, region, fips, dual_stack, url;
    ASSERT_TRUE(words >> service >> region >> fips >> dual_stack >> url) << line;
    const EndpointVariant variant{fips == "fips", dual_stack == "dualstack"};
    EXPECT_EQ(make_endpoint(service, region, variant).url(), url) << line;
    ++rows;
  }
  EXPECT_EQ(rows, 288);
}

TEST(Endpoint, TheGlobalStsIsForOldRegions) {
  for (const auto* region : {"us-east-1", "eu-west-1", "ap-northeast-1"})
    EXPECT_TRUE(has_global_sts(region)) << region;
  for (const auto* region : {"me-central-1", "us-gov-west-1", "cn-north-1", ""})
    EXPECT_FALSE(has_global_sts(region)) << region;
}

TEST(Endpoint, ParsesWhatSettingsGive) {
  const std::pair<const char*, const char*> good[] = {
      {"https://ssm.example", "https://ssm.example"},
      {"http://127.0.0.1:4566/", "http://127.0.0.1:4566"},
      {"https://SSM.Example:443/Base/", "https://ssm.example/Base"},
      {"https://[::1]:8443", "https://[::1]:8443"},
  };
  for (const auto& [text, url] : good) {
    const auto endpoint = parse_endpoint(text);
    ASSERT_TRUE(endpoint) << text << ": " << endpoint.error().detail;
    EXPECT_EQ(endpoint->url(), url);
  }
}

TEST(Endpoint, RefusesOtherTexts) {
  const std::pair<const char*, const char*> bad[] = {
      {"", "not a URL"},
      {"ssm.example", "not a URL"},
      {"ssm.example:443", "scheme"},
      {"ftp://h", "scheme"},
      {"wss://h", "scheme"},
      {"https:path", "no host"},
      {"https:///x", "no host"},
      {"https://h/?q", "query"},
      {"https://h/#f", "fragment"},
      {"https://h:0", "port"},
      {"https://h:8eb/x", "port"},
      {"https://h:", "port"},
      {"https://h:65536", "port"},
      {"https://h:99999", "port"},
      {"https://%41", "percent-encoded"},
      {"https://[v1.x]", "known kind"},
      {"https://h h", "not a URL"},
  };
  for (const auto& [text, word] : bad) {
    const auto endpoint = parse_endpoint(text);
    ASSERT_FALSE(endpoint) << text;
    EXPECT_EQ(endpoint.error().code, Errc::kMalformed);
    EXPECT_NE(endpoint.error().detail.find(word), std::string::npos) << endpoint.error().detail;
  }
}

TEST(Endpoint, DoesNotShowAUsersPassword) {
  const auto endpoint = parse_endpoint("https://user:canary@h");
  ASSERT_FALSE(endpoint);
  EXPECT_EQ(endpoint.error().detail, "endpoint URL: it names a user");
}

TEST(Location, KeepsPathAndQuery) {
  const auto location = parse_location("WSS://Gateway.example/a%20b?x=%41&y");
  ASSERT_TRUE(location);
  EXPECT_TRUE(location->websocket);
  EXPECT_EQ(location->endpoint.url(), "https://gateway.example");
  EXPECT_EQ(location->target, "/a%20b?x=%41&y");
  EXPECT_EQ(parse_location("http://h")->endpoint.port, 80);
  EXPECT_FALSE(parse_location("https://h/" + std::string(20000, 'a')));
}

TEST(Identifiers, InstanceIds) {
  for (const auto* good : {"i-01234567", "i-0123456789abcdef0", "mi-0123456789abcdef0"})
    EXPECT_TRUE(is_instance_id(good)) << good;
  for (const auto* bad :
       {"", "i-", "i-0123456", "i-0123456789abcdef01", "i-0123456G", "i-0123456A", "x-01234567",
        "i-01234567 ", "mi01234567", "ami-01234567"})
    EXPECT_FALSE(is_instance_id(bad)) << bad;
}

TEST(Identifiers, SessionIds) {
  for (const auto* good : {"dev-0a1b2c", "a.user@example.com-0a1b", "botocore-session-1=,+_x"})
    EXPECT_TRUE(is_session_id(good)) << good;
  for (const auto* bad : {"", ".", "..", "a/b", "a%2f", "a b", "a?b", "a#b", "a\n", "\xc3\xa4"})
    EXPECT_FALSE(is_session_id(bad)) << bad;
  EXPECT_TRUE(is_session_id(std::string(96, 'a')));
  EXPECT_FALSE(is_session_id(std::string(97, 'a')));
}

TEST(Identifiers, Regions) {
  EXPECT_TRUE(is_region("eu-west-1"));
  for (const auto* bad : {"", "-a", "a-", "EU-west-1", "eu.west", "eu west", "a/b", "a@b"})
    EXPECT_FALSE(is_region(bad)) << bad;
}

}  // namespace
}  // namespace passport::wire::aws
