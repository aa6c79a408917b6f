#include "wire/proxy_rule.h"

#include <gtest/gtest.h>

#include "base/base64.h"

namespace passport::wire {
namespace {

Endpoint at(std::string host, unsigned short port = 443) {
  return {.tls = true, .host = std::move(host), .port = port, .path = ""};
}

TEST(Proxy, ParsesWhatTheVariableMaySay) {
  const std::pair<const char*, const char*> good[] = {
      {"http://proxy.example:3128", "http://proxy.example:3128"},
      {"http://proxy.example:3128/", "http://proxy.example:3128"},
      {"proxy.example:3128", "http://proxy.example:3128"},
      {"proxy.example", "http://proxy.example"},
      {"https://Proxy.Example", "https://proxy.example"},
      {"http://[fd00::1]:8080", "http://[fd00::1]:8080"},
      {"10.0.0.1:8080", "http://10.0.0.1:8080"},
  };
  for (const auto& [text, url] : good) {
    const auto proxy = parse_proxy(text);
    ASSERT_TRUE(proxy) << text << ": " << proxy.error().detail;
    EXPECT_EQ(proxy->endpoint.url(), url) << text;
    EXPECT_TRUE(proxy->authorization.empty());
  }
}

TEST(Proxy, CredentialsAreDecodedAndNeverShown) {
  const std::pair<const char*, const char*> good[] = {
      {"http://ada:canary@p:1", "ada:canary"},
      {"ada:canary@p:1", "ada:canary"},
      {"http://a%40b:c%3Aanary%2F@p", "a@b:c:anary/"},
      {"http://ada@p", "ada:"},
      {"https://:canary@p", ":canary"},
  };
  for (const auto& [text, pair] : good) {
    const auto proxy = parse_proxy(text);
    ASSERT_TRUE(proxy) << text << ": " << proxy.error().detail;
    EXPECT_EQ(proxy->authorization.reveal(), "Basic " + encode_base64(as_bytes(pair))) << text;
    EXPECT_EQ(proxy->endpoint.url().find("canary"), std::string::npos);
  }
}

TEST(Proxy, RefusesOthersWithoutTheText) {
  const char* const bad[] = {
      "socks5://u:canary@p:1080",
      "http://u:canary@",
      "http://u:canary@p:0",
      "http://u:canary@p:99999",
      "http://u:ca nary@p",
      "http://u:canary@p/path",
      "http://u:canary@p?q",
      "http://u:canary@p#f",
      "http://u:canary@%70",
      "http://u:canary@p:",
      "http://u:can@ry@@p:1",
      "http://u:canary\r\nX: y@p",
      "http://",
  };
  for (const auto* text : bad) {
    const auto proxy = parse_proxy(text);
    ASSERT_FALSE(proxy) << text;
    EXPECT_EQ(proxy.error().code, Errc::kConfig);
    EXPECT_EQ(proxy.error().detail.find("canary"), std::string::npos) << proxy.error().detail;
  }
  EXPECT_FALSE(parse_proxy("http://" + std::string(5000, 'a')));
  EXPECT_NE(parse_proxy("socks5://p").error().detail.find("\"socks5\""), std::string::npos);
}

TEST(NoProxy, CoversWhatItNames) {
  struct Case {
    const char* list;
    Endpoint endpoint;
    bool covered;
  };
  const Case cases[] = {
      {"", at("ssm.example.com"), false},
      {"*", at("ssm.example.com"), true},
      {"other, *", at("10.0.0.1"), true},
      {"example.com", at("example.com"), true},
      {"example.com", at("ssm.example.com"), true},
      {"example.com", at("ssm.EXAMPLE.com."), true},
      {"example.com.", at("ssm.example.com"), true},
      {".example.com", at("ssm.example.com"), true},
      {".example.com", at("example.com"), true},
      {"*.example.com", at("ssm.example.com"), true},
      {"Example.COM", at("ssm.example.com"), true},
      {"example.com", at("notexample.com"), false},
      {"ssm.example.com", at("example.com"), false},
      {"com", at("example.com"), true},
      {".", at("example.com"), false},
      {"a,example.com b", at("b"), true},
      {"a\texample.com", at("example.com"), true},
      {"example.com:443", at("ssm.example.com"), true},
      {"example.com:8443", at("ssm.example.com"), false},
      {"example.com:", at("ssm.example.com"), false},
      {"example.com:0", at("ssm.example.com"), false},
      {"*:443", at("ssm.example.com"), true},
      {"10.1.2.3", at("10.1.2.3"), true},
      {"10.1.2.3", at("10.1.2.30"), false},
      {"2.3", at("10.1.2.3"), false},
      {"10.1.2.3:443", at("10.1.2.3"), true},
      {"10.1.0.0/16", at("10.1.255.3"), true},
      {"10.1.0.0/16", at("10.2.0.0"), false},
      {"10.1.2.128/25", at("10.1.2.129"), true},
      {"10.1.2.128/25", at("10.1.2.127"), false},
      {"0.0.0.0/0", at("10.1.2.3"), true},
      {"10.1.2.3/32", at("10.1.2.3"), true},
      {"10.1.2.3/33", at("10.1.2.3"), false},
      {"10.1.2.3/x", at("10.1.2.3"), false},
      {"10.1.0.0/16", at("fd00::1"), false},
      {"10.0.0.0/8", at("ten.example.com"), false},
      {"fd00::1", at("fd00:0:0::1"), true},
      {"[fd00::1]", at("fd00::1"), true},
      {"[fd00::1]:443", at("fd00::1"), true},
      {"[fd00::1]:80", at("fd00::1"), false},
      {"fd00::/8", at("fdff::1"), true},
      {"fd00::/8", at("fe00::1"), false},
      {"::/0", at("fe00::1"), true},
  };
  for (const auto& c : cases)
    EXPECT_EQ(NoProxy(c.list).covers(c.endpoint), c.covered)
        << c.list << " for " << c.endpoint.url();
}

TEST(ProxyRule, SaysWhichConnectionsGoThroughIt) {
  const ProxyRule rule("HTTPS_PROXY", "http://p:3128", "near.example,169.254.0.0/16");
  ASSERT_TRUE(rule.find(at("far.example")));
  ASSERT_NE(*rule.find(at("far.example")), nullptr);
  EXPECT_EQ((*rule.find(at("far.example")))->endpoint.url(), "http://p:3128");
  auto plain = at("far.example", 80);
  plain.tls = false;
  for (const auto& direct : {at("near.example"), at("localhost"), at("127.0.0.1", 9), at("::1"),
                             at("169.254.169.254"), plain}) {
    const auto found = rule.find(direct);
    ASSERT_TRUE(found) << direct.url();
    EXPECT_EQ(*found, nullptr) << direct.url();
  }
  EXPECT_EQ(*ProxyRule().find(at("far.example")), nullptr);
  EXPECT_EQ(*ProxyRule("HTTPS_PROXY", "", "").find(at("far.example")), nullptr);
}

TEST(ProxyRule, ABadVariableMattersWhereItIsNeeded) {
  const ProxyRule rule("ALL_PROXY", "socks5://u:canary@p", "near.example");
  EXPECT_TRUE(rule.find(at("near.example")));
  EXPECT_TRUE(rule.find(at("127.0.0.1")));
  const auto found = rule.find(at("far.example"));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::kConfig);
  EXPECT_EQ(found.error().detail,
            "ALL_PROXY cannot be used: its scheme \"socks5\" is not http or https");
}

}  // namespace
}  // namespace passport::wire
