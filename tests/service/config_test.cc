#include "service/config.h"

#include <gtest/gtest.h>

namespace passport::service {
namespace {

constexpr std::string_view kGood = R"(# Passport
listen = [::1]:9443
certificate = /etc/passport/tls.pem
key = /etc/passport/tls.key
database = postgresql:///passport
ca_ed25519 = pkcs11:token=ca;object=ssh?module-path=/usr/lib/softhsm/libsofthsm2.so
longest = 8h
sudo = yes
notify = /usr/local/bin/page

[account 123456789012]
regions = eu-west-1, us-east-1
role = arn:aws:iam::123456789012:role/passport
external_id = x-1
admins = sre oncall
observers = audit
approvers = leads
approvals = 2
break_glass = oncall
tags = Name, Role aws:autoscaling:groupName

[account 210987654321]
regions = eu-west-1
role = arn:aws-cn:iam::210987654321:role/p
admins = sre
tags = *
)";

std::string without(std::string_view line) {
  std::string text(kGood);
  const auto at = text.find(line);
  EXPECT_NE(at, std::string::npos) << line;
  return text.erase(at, line.size());
}
std::string with(std::string_view line, std::string_view other) {
  std::string text(kGood);
  return text.replace(text.find(line), line.size(), other);
}

std::string many_words(int n) {
  std::string out = "t0";
  for (int i = 1; i < n; ++i) out += fmt::format(" t{}", i);
  return out;
}

TEST(Config, IsRead) {
  const auto config = parse_config(kGood);
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->listen_address, "::1");
  EXPECT_EQ(config->listen_port, 9443);
  EXPECT_EQ(config->database, "postgresql:///passport");
  EXPECT_EQ(config->longest, std::chrono::hours(8));
  EXPECT_TRUE(config->sudo);
  ASSERT_EQ(config->accounts.size(), 2U);
  const auto& account = config->accounts.at("123456789012");
  EXPECT_EQ(account.regions.size(), 2U);
  EXPECT_EQ(account.admins, (Groups{"oncall", "sre"}));
  EXPECT_EQ(account.approvals, 2U);
  EXPECT_EQ(account.break_glass, Groups{"oncall"});
  EXPECT_EQ(account.tags, (Groups{"Name", "Role", "aws:autoscaling:groupName"}));
  EXPECT_TRUE(config->accounts.at("210987654321").tags.empty()) << "all";
  EXPECT_TRUE(config->accounts.at("210987654321").observers.empty());
}

TEST(Config, WhatCannotBeUsedIsToldWithItsLine) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {with("sudo = yes", "sudo = maybe"), "line 8: \"sudo\" cannot be \"maybe\""},
      {with("sudo = yes", "sudos = yes"), "line 8: unknown key \"sudos\""},
      {with("sudo = yes", "longest = 8h"), "line 8: \"longest\" is set twice"},
      {with("longest = 8h", "longest = 13h"), "line 7: \"longest\" cannot be \"13h\""},
      {with("longest = 8h", "longest = 1s"), "line 7: \"longest\" cannot be \"1s\""},
      {with("longest = 8h", "longest"), "line 7: neither \"key = value\" nor a section"},
      {with("[::1]:9443", "::1:9443"), "line 2: \"listen\" cannot be \"::1:9443\""},
      {with("[::1]:9443", "[::1]:99999"), "line 2: \"listen\" cannot be \"[::1]:99999\""},
      {with("/etc/passport/tls.pem", "tls.pem"),
       "line 3: \"certificate\" cannot be \"tls.pem\""},
      {with("[account 123456789012]", "[account 12345678901]"),
       "line 11: an account's id has 12 digits"},
      {with("[account 123456789012]", "[user 123456789012]"),
       "line 11: not a section \"[account ID]\""},
      {with("[account 210987654321]", "[account 123456789012]"),
       "line 22: account 123456789012 is there twice"},
      {with("arn:aws:iam::123456789012", "arn:aws:iam::210987654321"),
       "line 13: \"role\" cannot be \"arn:aws:iam::210987654321:role/passport\""},
      {with("approvals = 2", "approvals = 17"), "line 18: \"approvals\" cannot be \"17\""},
      {with("tags = *", "tags = a\xd0\xb1"), "line 26: \"tags\" cannot be \"a\xd0\xb1\""},
      {with("tags = *", "tags ="), "line 26: \"tags\" cannot be \"\""},
      {with("tags = *", "tags = " + many_words(51)),
       fmt::format("line 26: \"tags\" cannot be \"{}\"", many_words(51))},
      {with("eu-west-1, us-east-1", "eu-west-1; rm"),
       "line 12: \"regions\" cannot be \"eu-west-1; rm\""},
      {without("notify = /usr/local/bin/page\n"),
       "line 10: account 123456789012 has break_glass, and nobody is told: set notify"},
      {without("approvers = leads\n"), "line 11: account 123456789012 needs approvers"},
      {without("admins = sre oncall\n"),
       "line 11: account 123456789012 needs regions, role and admins"},
      {without("key = /etc/passport/tls.key\n"), "no key is set"}};
  for (const auto& [text, why] : cases) {
    const auto config = parse_config(text);
    ASSERT_FALSE(config) << why;
    EXPECT_EQ(config.error().code, Errc::kConfig);
    EXPECT_EQ(config.error().detail, why);
  }
  EXPECT_FALSE(parse_config(std::string(kMaxConfig + 1, '\n')));
}

}  // namespace
}  // namespace passport::service
