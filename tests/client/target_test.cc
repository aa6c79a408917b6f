#include "client/target.h"

#include <gtest/gtest.h>

namespace passport::client {
namespace {

constexpr std::int64_t kNow = 1'700'000'000;

json::object instance(const std::string& id, const std::string& state,
                      const std::string& name = "", json::object tags = {}) {
  json::object out{{"id", id}, {"state", state}, {"platform", "Linux"}};
  if (state == "active") out["host_keys"] = json::array{"ssh-ed25519 AAAA"};
  if (!name.empty()) out["name"] = name;
  if (!tags.empty()) out["tags"] = std::move(tags);
  return out;
}

json::object request(const std::string& id, const std::string& state, std::int64_t left,
                     json::array instances) {
  return {{"id", id},
          {"state", state},
          {"account", "123456789012"},
          {"region", "eu-west-1"},
          {"ends_at", kNow + left},
          {"instances", std::move(instances)}};
}

std::vector<Target> some() {
  return find_targets(
      {request("ar-1", "active", 3600,
               {instance("i-0000000a", "active", "web-1", {{"Role", "web"}, {"Env", "prod"}}),
                instance("i-0000000b", "active", "web-2", {{"Role", "web"}, {"Env", "test"}}),
                instance("i-0000000c", "active", "Db", {{"Role", "db"}, {"Env", "prod"}}),
                instance("i-0000000d", "provisioning")})});
}

std::vector<std::string> ids(const std::vector<Target>& targets, const TargetMatch& match) {
  std::vector<std::string> out;
  for (const auto i : match.targets) out.push_back(targets[i].id);
  return out;
}

TEST(Target, WhatCanBeUsedComesFirst) {
  const auto targets = find_targets(
      {request("ar-1", "completing", 60, {instance("i-0000000a", "removing", "a")}),
       request("ar-2", "active", 60,
               {instance("i-0000000b", "waiting"), instance("i-0000000c", "active", "z"),
                instance("i-0000000d", "active", "m"), instance("i-0000000e", "active")})});
  std::vector<std::string> order;
  for (const auto& target : targets) order.push_back(target.id);
  EXPECT_EQ(order, (std::vector<std::string>{"i-0000000d", "i-0000000c", "i-0000000e",
                                             "i-0000000b", "i-0000000a"}));
  EXPECT_TRUE(targets[0].active());
  EXPECT_TRUE(targets[3].coming());
  EXPECT_FALSE(targets[4].active() || targets[4].coming());
}

TEST(Target, WhatHasNoHostKeyCannotBeUsed) {
  auto keyless = instance("i-0000000a", "active");
  keyless.erase("host_keys");
  const auto targets =
      find_targets({request("ar-2", "active", 120, {keyless}),
                    request("ar-1", "active", 60, {instance("i-0000000b", "active")})});
  ASSERT_EQ(targets.size(), 2U);
  EXPECT_EQ(targets[0].id, "i-0000000b");
  EXPECT_FALSE(targets[1].active());
  EXPECT_TRUE(targets[1].keyless());
  EXPECT_NE(render_targets(targets, kNow)[1].find("no host key"), std::string::npos);
  EXPECT_EQ(describe_closed(targets[1]).detail,
            "i-0000000a: it told no host key that can be checked");
}

TEST(Target, AnInstanceOfSeveralRequestsIsThereOnce) {
  const auto targets =
      find_targets({request("ar-1", "active", 60, {instance("i-0000000a", "active")}),
                    request("ar-2", "active", 120, {instance("i-0000000a", "active")}),
                    request("ar-3", "provisioning", 600, {instance("i-0000000a", "waiting")}),
                    request("ar-4", "pending", 900, {instance("i-0000000a", "waiting")})});
  ASSERT_EQ(targets.size(), 1U);
  EXPECT_EQ(targets[0].request, "ar-2");
}

TEST(Target, WhatHasNoFormIsPassedOver) {
  const auto targets = find_targets(
      {1,
       nullptr,
       {{"instances", 3}},
       {{"id", "ar-1"},
        {"state", "active"},
        {"instances",
         {2,
          {{"id", "-oProxyCommand=x"}, {"state", "active"}},
          {{"id", 4}},
          {{"id", "i-0000000a"}, {"tags", {{"a", 1}}}, {"name", json::array()}}}}}});
  ASSERT_EQ(targets.size(), 1U);
  EXPECT_EQ(targets[0].id, "i-0000000a");
  EXPECT_EQ(targets[0].name, "");
}

TEST(Target, AWordMeansAnIdANameOrATag) {
  const auto targets = some();
  const auto match = [&](std::string_view word) { return match_targets(targets, word); };
  const auto exactly = [&](std::string_view word) {
    const auto found = match(word);
    EXPECT_TRUE(found.exact) << word;
    return ids(targets, found);
  };
  using Ids = std::vector<std::string>;
  EXPECT_EQ(exactly("i-0000000b"), Ids{"i-0000000b"});
  EXPECT_EQ(exactly("web-1"), Ids{"i-0000000a"});
  EXPECT_EQ(exactly("Role=db"), Ids{"i-0000000c"});
  EXPECT_EQ(exactly("test"), Ids{"i-0000000b"});
  EXPECT_EQ(exactly("Role=web"), (Ids{"i-0000000a", "i-0000000b"}));
  EXPECT_EQ(exactly("prod").size(), 2U);
  EXPECT_EQ(exactly("WEB-2"), Ids{"i-0000000b"});
  EXPECT_EQ(exactly("db"), Ids{"i-0000000c"});  // the tag's value before the name in other case
  EXPECT_EQ(exactly("i-0000000d"), Ids{"i-0000000d"});
  for (const auto* word : {"", "Role", "Role=", "=web", "Role=mail", "mail"})
    EXPECT_TRUE(match(word).targets.empty()) << word;
}

TEST(Target, APartOfANameOnlyNarrows) {
  const auto targets = some();
  for (const auto& [word, number] :
       {std::pair("WEB-", 2U), std::pair("i-0000000", 4U), std::pair("2", 1U)}) {
    const auto found = match_targets(targets, word);
    EXPECT_FALSE(found.exact) << word;
    EXPECT_EQ(found.targets.size(), number) << word;
  }
}

TEST(Target, AnIdIsBeforeANameThatLooksLikeIt) {
  const auto targets = find_targets({request(
      "ar-1", "active", 60,
      {instance("i-0000000a", "active", "i-0000000b"), instance("i-0000000b", "active")})});
  EXPECT_EQ(ids(targets, match_targets(targets, "i-0000000b")),
            std::vector<std::string>{"i-0000000b"});
}

TEST(Target, ALineHasWhatOneKnowsItBy) {
  const auto lines = render_targets(some(), kNow);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0], "i-0000000c  Db                   eu-west-1  1 h left  Env=prod Role=db");
  EXPECT_EQ(lines[3], "i-0000000d         provisioning  eu-west-1  1 h left");
}

/// Names are of others: neither a line nor a message has more in it than text.
TEST(Target, HostileNamesStayText) {
  const auto targets = find_targets({request(
      "ar-1", "active", 60,
      {instance("i-0000000a", "active", "a\nb\x1b[2J$(touch x)`y`" + std::string(9000, 'x'),
                {{"k\n", "v\x1b]0;z\x07"}}),
       instance("i-0000000b", "fa\niled", "\xff\xfe\xe2\x80\xae--option")})});
  ASSERT_EQ(targets.size(), 2U);
  auto texts = render_targets(targets, kNow);
  EXPECT_EQ(texts.size(), 2U);
  EXPECT_LT(texts[0].size(), 200U);
  for (const auto& target : targets) {
    texts.push_back(describe_target(target));
    texts.push_back(describe_ambiguity(targets, target.name).detail);
    texts.push_back(describe_closed(target).detail);
  }
  for (const auto& text : texts)
    for (const char c : text) EXPECT_TRUE(c >= ' ' || c < 0) << text;
  EXPECT_TRUE(texts[0].starts_with("i-0000000a  a\\x0ab\\x1b[2J$(touch"));
}

TEST(Target, WhyNotIsOneLine) {
  auto targets = some();
  EXPECT_EQ(describe_ambiguity(targets, "w").detail,
            "\"w\" may be i-0000000c (Db), i-0000000a (web-1), i-0000000b (web-2), i-0000000d");
  EXPECT_EQ(describe_ambiguity(std::vector<Target>(20, targets[3]), "").detail.substr(0, 50),
            "there is more than one instance: i-0000000d, i-000");
  EXPECT_NE(
      describe_ambiguity(std::vector<Target>(20, targets[3]), "").detail.find(" and 12 more"),
      std::string::npos);
  auto& target = targets[1];
  target.platform = "Windows";
  EXPECT_EQ(describe_closed(target).detail,
            "i-0000000a (web-1): it runs Windows, and RDP is not there yet");
  EXPECT_EQ(describe_closed(target).code, Errc::kUnavailable);
  target.platform = "Linux";
  target.state = "failed";
  target.error = "aws: InvalidInstanceId";
  EXPECT_EQ(describe_closed(target).detail,
            "i-0000000a (web-1): its user could not be made: aws: InvalidInstanceId");
  target.request_state = "pending";
  EXPECT_EQ(describe_closed(target).detail, "i-0000000a (web-1): ar-1 waits for approval");
  EXPECT_EQ(describe_closed(target).code, Errc::kDenied);
  target.request_state = "completing";
  target.state = "removing";
  EXPECT_EQ(describe_closed(target).detail,
            "i-0000000a (web-1): no request of yours is active for it; the last one: aws: "
            "InvalidInstanceId");
}

}  // namespace
}  // namespace passport::client
