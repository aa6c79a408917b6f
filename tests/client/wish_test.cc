#include "client/wish.h"

#include <gtest/gtest.h>

namespace passport::client {
namespace {

TEST(Wish, InstancesAreIds) {
  const auto two =
      parse_instances("  i-0123456789abcdef0,  mi-0123456789abcdef0 i-0123456789abcdef0");
  ASSERT_TRUE(two);
  EXPECT_EQ(*two, (std::vector<std::string>{"i-0123456789abcdef0", "mi-0123456789abcdef0"}));
  for (const auto* typed :
       {"", " , ", "web-1", "i-0123456789abcdef0 i-x", "i-0123456789ABCDEF0"})
    EXPECT_FALSE(parse_instances(typed)) << typed;
  EXPECT_NE(parse_instances("a\x1b[2Jb").error().detail.find("\"a\\x1b[2Jb\""),
            std::string::npos);
  std::string many;
  for (int i = 0; i < 501; ++i) many += "i-" + std::to_string(10000000 + i) + " ";
  EXPECT_FALSE(parse_instances(many));
}

TEST(Wish, AReasonIsALineOfText) {
  EXPECT_EQ(*parse_reason("  a disk is full "), "a disk is full");
  EXPECT_EQ(*parse_reason(std::string(500, 'x')), std::string(500, 'x'));
  for (const auto& typed : {std::string(), std::string("  "), std::string(501, 'x'),
                            std::string("a\x1b[2J"), std::string("\xff")})
    EXPECT_FALSE(parse_reason(typed)) << typed;
  EXPECT_EQ(*parse_ticket(""), "");
  EXPECT_EQ(*parse_ticket("OPS-17"), "OPS-17");
  EXPECT_FALSE(parse_ticket(std::string(101, 'x')));
}

TEST(Wish, TimesAreBetweenAMinuteAndTwelveHours) {
  EXPECT_EQ(parse_lasts("90")->count(), 90);
  EXPECT_EQ(parse_lasts(" 10m ")->count(), 600);
  EXPECT_EQ(parse_lasts("12h")->count(), 43200);
  for (const auto* typed : {"", "59", "13h", "721m", "-1h", "1d", "h"})
    EXPECT_FALSE(parse_lasts(typed)) << typed;
}

TEST(Wish, EnterIsAYes) {
  for (const auto* typed : {"", "y", "Yes", " Y "}) EXPECT_TRUE(*parse_yes(typed)) << typed;
  for (const auto* typed : {"n", "NO"}) EXPECT_FALSE(*parse_yes(typed)) << typed;
  for (const auto* typed : {"yy", "maybe", "0"}) EXPECT_FALSE(parse_yes(typed)) << typed;
}

RequestWish whole() {
  RequestWish wish;
  wish.account = "123456789012";
  wish.region = "eu-west-1";
  wish.instances = {"i-0123456789abcdef0", "i-0123456789abcdef1"};
  wish.reason = "a disk is full";
  return wish;
}

TEST(Wish, TheBodyHasWhatWasSaid) {
  auto wish = whole();
  EXPECT_EQ(
      json::serialize(body_of(wish)),
      R"({"account":"123456789012","region":"eu-west-1","instances":["i-0123456789abcdef0",)"
      R"("i-0123456789abcdef1"],"reason":"a disk is full","duration_s":3600})");
  wish.ticket = "OPS-17";
  wish.key_type = "rsa";
  wish.break_glass = true;
  const auto body = body_of(wish);
  EXPECT_EQ(find_string(body, "ticket"), "OPS-17");
  EXPECT_EQ(find_string(body, "key_type"), "rsa");
  EXPECT_TRUE(body.at("break_glass").as_bool());
}

TEST(Wish, TheSummaryIsWhatWillBeAskedFor) {
  auto wish = whole();
  wish.ticket = "OPS-17";
  wish.break_glass = true;
  EXPECT_EQ(render_wish(wish),
            "account    123456789012 eu-west-1\n"
            "instances  i-0123456789abcdef0\n"
            "           i-0123456789abcdef1\n"
            "reason     a disk is full\n"
            "ticket     OPS-17\n"
            "for        1 h\n"
            "approval   none: the glass is broken, and people are told\n");
}

TEST(Wish, OnlyAdminsMayAsk) {
  const auto answer = parse_json_object(
      R"({"accounts":[{"id":"1","regions":["a","b"],"role":"admin"},{"id":"2","regions":["c"],)"
      R"("role":"observer"},3,{"id":4,"role":"admin"}]})",
      "test");
  ASSERT_TRUE(answer);
  const auto accounts = find_open_accounts(*answer);
  ASSERT_EQ(accounts.size(), 2U);
  EXPECT_EQ(accounts[0].id, "1");
  EXPECT_EQ(accounts[0].regions, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(accounts[1].id.empty());
  EXPECT_TRUE(find_open_accounts({}).empty());
}

}  // namespace
}  // namespace passport::client
