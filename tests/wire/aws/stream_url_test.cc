#include "wire/aws/stream_url.h"

#include <gtest/gtest.h>

namespace passport::wire::aws {
namespace {

using namespace std::chrono_literals;

const StreamExpectation kExpected{.region = "eu-west-1", .session_id = "dev-0a1b2c3d"};
const std::string kPath =
    "/v1/data-channel/dev-0a1b2c3d?role=publish_subscribe&cell-number=AA==";

TEST(StreamUrl, AcceptsTheGatewaysOfTheRegion) {
  for (const std::string host :
       {"ssmmessages.eu-west-1.amazonaws.com", "ssmmessages-fips.eu-west-1.amazonaws.com",
        "SSMMessages.eu-west-1.amazonaws.com:443", "ssmmessages.eu-west-1.api.aws",
        "ssmmessages-fips.eu-west-1.api.aws",
        "vpce-0a1b-x2y3.ssmmessages.eu-west-1.vpce.amazonaws.com",
        "vpce-0a1b-x2y3-eu-west-1a.ssmmessages.eu-west-1.vpce.amazonaws.com"}) {
    const auto address = check_stream_url("wss://" + host + kPath, kExpected);
    ASSERT_TRUE(address) << host << ": " << address.error().detail;
    EXPECT_TRUE(address->endpoint.tls);
    EXPECT_EQ(address->endpoint.port, 443);
    EXPECT_EQ(address->target, kPath);
  }
  auto china = kExpected;
  china.region = "cn-north-1";
  EXPECT_TRUE(check_stream_url("wss://ssmmessages.cn-north-1.amazonaws.com.cn" + kPath, china));
  EXPECT_FALSE(check_stream_url("wss://ssmmessages.cn-north-1.amazonaws.com" + kPath, china));
}

TEST(StreamUrl, RefusesHostileOnes) {
  const std::string good = "wss://ssmmessages.eu-west-1.amazonaws.com";
  const std::string path = "/v1/data-channel/";
  const std::pair<std::string, const char*> bad[] = {
      {"ws://ssmmessages.eu-west-1.amazonaws.com" + kPath, "scheme"},
      {"https://ssmmessages.eu-west-1.amazonaws.com" + kPath, "scheme"},
      {"http://ssmmessages.eu-west-1.amazonaws.com" + kPath, "scheme"},
      {"wss://evil.com" + kPath, "host"},
      {"wss://ssmmessages.eu-west-1.amazonaws.com.evil.com" + kPath, "host"},
      {"wss://ssmmessages.eu-west-1.amazonaws.com." + kPath, "host"},
      {"wss://evil-ssmmessages.eu-west-1.amazonaws.com" + kPath, "host"},
      {"wss://x.ssmmessages.eu-west-1.amazonaws.com" + kPath, "host"},
      {"wss://ssmmessages.us-east-1.amazonaws.com" + kPath, "host"},
      {"wss://ssm.eu-west-1.amazonaws.com" + kPath, "host"},
      {"wss://ssmmessages.eu-west-1.amazonaws.com.cn" + kPath, "host"},
      {"wss://vpce-.ssmmessages.eu-west-1.vpce.amazonaws.com" + kPath, "host"},
      {"wss://vpce-0a.evil.ssmmessages.eu-west-1.vpce.amazonaws.com" + kPath, "host"},
      {"wss://vpce-0a.ssmmessages.eu-west-1.vpce.amazonaws.com.evil.com" + kPath, "host"},
      {"wss://vpce-0a.ssmmessages.us-east-1.vpce.amazonaws.com" + kPath, "host"},
      {"wss://127.0.0.1" + kPath, "host"},
      {"wss://[::1]" + kPath, "host"},
      {"wss://ssmmessages.eu-west-1.amazonaws.com@evil.com" + kPath, "user"},
      {"wss://u:p@ssmmessages.eu-west-1.amazonaws.com" + kPath, "user"},
      {"wss://ssmmessages%2eeu-west-1.amazonaws.com" + kPath, "percent-encoded"},
      {good + ":8443" + kPath, "port"},
      {good + ":0" + kPath, "port"},
      {good + kPath + "#x", "fragment"},
      {good, "path"},
      {good + "/", "path"},
      {good + path, "path"},
      {good + path + "dev-0a1b2c3e", "path"},
      {good + path + "dev-0a1b2c3d/", "path"},
      {good + path + "dev-0a1b2c3d/..", "path"},
      {good + path + "../data-channel/dev-0a1b2c3d", "path"},
      {good + "/v1/data-channel%2Fdev-0a1b2c3d", "path"},
      {good + "/v1/control-channel/dev-0a1b2c3d", "path"},
      {good + "//v1/data-channel/dev-0a1b2c3d", "path"},
      {good + "/V1/data-channel/dev-0a1b2c3d", "path"},
      {good + "\\@evil.com" + kPath, "not a URL"},
      {" " + good + kPath, "not a URL"},
      {good + kPath + "\r\nX: y", "not a URL"},
      {"", "not a URL"},
  };
  for (const auto& [url, word] : bad) {
    const auto address = check_stream_url(url, kExpected);
    ASSERT_FALSE(address) << url;
    EXPECT_EQ(address.error().code, Errc::kProtocol);
    EXPECT_NE(address.error().detail.find(word), std::string::npos)
        << url << ": " << address.error().detail;
  }
}

TEST(StreamUrl, AcceptsThePercentEncodedFormOfTheSameSession) {
  auto expected = kExpected;
  expected.session_id = "a@example.com-0a1b";
  const std::string base = "wss://ssmmessages.eu-west-1.amazonaws.com/v1/data-channel/";
  EXPECT_TRUE(check_stream_url(base + "a@example.com-0a1b", expected));
  EXPECT_TRUE(check_stream_url(base + "a%40example.com-0a1b", expected));
  expected.session_id = "a/b";
  EXPECT_FALSE(check_stream_url(base + "a%2Fb", expected));
}

TEST(StreamUrl, AcceptsTheConfiguredEndpointAndNoOtherPortOfIt) {
  auto expected = kExpected;
  expected.configured = Endpoint{true, "127.0.0.1", 8443, ""};
  const auto address = check_stream_url("wss://127.0.0.1:8443" + kPath, expected);
  ASSERT_TRUE(address);
  EXPECT_EQ(address->endpoint.port, 8443);
  EXPECT_FALSE(check_stream_url("wss://127.0.0.1:8444" + kPath, expected));
  EXPECT_FALSE(check_stream_url("wss://127.0.0.1" + kPath, expected));
  EXPECT_FALSE(check_stream_url("wss://127.0.0.2:8443" + kPath, expected));
  EXPECT_FALSE(check_stream_url("wss://127.0.0.1:8443/v1/data-channel/other-1", expected));
  EXPECT_TRUE(check_stream_url("wss://ssmmessages.eu-west-1.amazonaws.com" + kPath, expected));
}

TEST(StreamUrl, AConfiguredGatewayTakesTheRegionsPlace) {
  auto expected = kExpected;
  expected.configured =
      Endpoint{true, "vpce-0a1b-x2y3.ssmmessages.eu-west-1.vpce.amazonaws.com", 443, ""};
  const std::string url = "wss://ssmmessages.eu-west-1.amazonaws.com" + kPath;
  EXPECT_EQ(check_stream_url(url, expected)->endpoint.host,
            "ssmmessages.eu-west-1.amazonaws.com");
  expected.replaces = true;
  const auto replaced = check_stream_url(url, expected);
  ASSERT_TRUE(replaced) << replaced.error().detail;
  EXPECT_EQ(replaced->endpoint, *expected.configured);
  EXPECT_EQ(replaced->target, kPath);
  EXPECT_EQ(check_stream_url(url + "&X-Amz-Signature=00", expected)->endpoint.host,
            "ssmmessages.eu-west-1.amazonaws.com");
  EXPECT_FALSE(check_stream_url("wss://evil.com" + kPath, expected));
  EXPECT_FALSE(check_stream_url(
      "wss://ssmmessages.eu-west-1.amazonaws.com/v1/data-channel/other-1", expected));
}

TEST(StreamUrl, ErrorsDoNotShowTheQuery) {
  const auto address =
      check_stream_url("wss://evil.com/v1/data-channel/x?X-Amz-Signature=canary", kExpected);
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().detail.find("canary"), std::string::npos);
}

TEST(QuerySignature, IsFoundByName) {
  EXPECT_TRUE(has_query_signature("/p?a=b&X-Amz-Signature=00"));
  EXPECT_TRUE(has_query_signature("/p?X%2DAmz-Signature=00&a"));
  EXPECT_FALSE(has_query_signature("/p?a=X-Amz-Signature"));
  EXPECT_FALSE(has_query_signature("/p?X-Amz-SignatureX=1"));
  EXPECT_FALSE(has_query_signature("/X-Amz-Signature=1"));
  EXPECT_FALSE(has_query_signature(""));
}

TEST(WebSocketOpen, IsSignedForTheGatewayUnlessItsUrlIs) {
  const AccessKey key{"AKIDEXAMPLE", Secret("secret"), Secret("token")};
  const std::chrono::sys_seconds now(1440938160s);
  const StreamAddress plain{Endpoint{true, "h", 443, ""},
                            "/v1/data-channel/s?role=x&cell-number=AA=="};
  const auto opening = sign_websocket_open(plain, key, "eu-west-1", now);
  EXPECT_EQ(opening.method, "GET");
  EXPECT_EQ(opening.target, "/v1/data-channel/s?cell-number=AA%3D%3D&role=x");
  const auto authorization = find_header(opening.headers, "Authorization");
  EXPECT_NE(authorization.find("/20150830/eu-west-1/ssmmessages/aws4_request"),
            std::string_view::npos);
  EXPECT_NE(authorization.find("SignedHeaders=host;x-amz-date;x-amz-security-token"),
            std::string_view::npos);

  const StreamAddress presigned{Endpoint{true, "h", 443, ""},
                                "/v1/data-channel/s?b=1&X-Amz-Signature=00&a"};
  const auto as_is = sign_websocket_open(presigned, key, "eu-west-1", now);
  EXPECT_EQ(as_is.target, presigned.target);
  EXPECT_TRUE(as_is.headers.empty());
}

}  // namespace
}  // namespace passport::wire::aws
