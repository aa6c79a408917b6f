#include "service/instance_script.h"

#include <gtest/gtest.h>

namespace passport::service {
namespace {

constexpr char kKey[] =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7jc3hjU9bGgk1yM1o2Fyv3ddkXpTLPm5xM8yGy9bN1";

wire::ssh::PublicKey key() {
  return wire::ssh::parse_public_key_line(kKey).value();
}
UserScript script() {
  return {.user = "rs-0a-b", .generation = 2, .end_unix_s = 1795370400, .issued_unix_ms = 17};
}

TEST(InstanceScript, BeginsWithItsValues) {
  const auto provision = render_provision_script(script(), {key(), key()}, true);
  ASSERT_TRUE(provision) << provision.error().detail;
  EXPECT_TRUE(
      provision->starts_with("#!/bin/sh\n"
                             "passport_verb='provision'\n"
                             "passport_user='rs-0a-b'\n"
                             "passport_generation='2'\n"
                             "passport_end='1795370400'\n"
                             "passport_issued='17'\n"
                             "passport_sudo='yes'\n"
                             "passport_ca_1='" +
                             std::string(kKey) + "'\npassport_ca_2='"));
  EXPECT_TRUE(
      render_remove_script(script())->starts_with("#!/bin/sh\npassport_verb='remove'\n"));
  EXPECT_TRUE(render_sweep_script({"rs-a", "rs-b"}, 17)
                  ->starts_with("#!/bin/sh\npassport_verb='sweep'\npassport_issued='17'\n"
                                "passport_live='rs-a rs-b'\n"));
  EXPECT_TRUE(render_sweep_script({}, 17));
}

TEST(InstanceScript, FitsIntoACommand) {
  std::vector<std::string> most(kMaxLiveUsers, "rs-" + std::string(29, 'a'));
  EXPECT_LT(render_sweep_script(most, 17)->size(), 60000U);
  EXPECT_LT(render_provision_script(script(), {key(), key(), key(), key()}, true)->size(),
            60000U);
  most.push_back("rs-a");
  EXPECT_FALSE(render_sweep_script(most, 17));
}

TEST(InstanceScript, HasNothingThatSystemsManagerWouldReplace) {
  EXPECT_EQ(render_provision_script(script(), {key()}, true)->find("{{"), std::string::npos);
  EXPECT_EQ(render_remove_script(script())->find("{{"), std::string::npos);
  EXPECT_EQ(render_sweep_script({}, 17)->find("{{"), std::string::npos);
}

TEST(InstanceScript, RefusesValuesThatCouldDoHarm) {
  for (const std::string user : {"", "rs-", "root", "rs-A", "rs-a b", "rs-a'", "rs-a\n",
                                 "rs-$x", "rs-a/b", "rs--a", "rs-a-", "rs-..", "rs-\xc3\xa4"}) {
    auto bad = script();
    bad.user = user;
    EXPECT_FALSE(is_short_lived_user(user)) << user;
    EXPECT_FALSE(render_provision_script(bad, {key()}, false)) << user;
    EXPECT_FALSE(render_remove_script(bad)) << user;
    EXPECT_FALSE(render_sweep_script({"rs-a", user}, 17)) << user;
  }
  EXPECT_TRUE(is_short_lived_user("rs-" + std::string(29, 'a')));
  EXPECT_FALSE(is_short_lived_user("rs-" + std::string(30, 'a')));
  for (const auto number :
       {&UserScript::generation, &UserScript::end_unix_s, &UserScript::issued_unix_ms}) {
    for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-1}}) {
      auto bad = script();
      bad.*number = value;
      EXPECT_FALSE(render_provision_script(bad, {key()}, false));
      EXPECT_FALSE(render_remove_script(bad));
    }
  }
  auto late = script();
  late.end_unix_s = 253402300801;
  EXPECT_FALSE(render_provision_script(late, {key()}, false));
  EXPECT_FALSE(render_provision_script(script(), {}, false));
  EXPECT_FALSE(render_provision_script(script(), {key(), key(), key(), key(), key()}, false));
  EXPECT_FALSE(render_sweep_script({}, 0));
}

std::string answer(const std::string& more) {
  return R"({"passport":1,"outcome":"live")" + more + "}\n";
}

TEST(ScriptAnswer, OfAUser) {
  const auto parsed = parse_script_answer(
      "Warning: noise\n" +
      answer(R"(,"generation":2,"end":1795370400,"home":"/home/rs-a","sudo":true,)"
             R"("sshd":"OpenSSH_9.2p1","host_keys":[")" +
             std::string(kKey) + R"(","ecdsa-sha2-nistp521 AAAA"])") +
      "more");
  ASSERT_TRUE(parsed) << parsed.error().detail;
  EXPECT_EQ(parsed->outcome, ScriptOutcome::kLive);
  EXPECT_EQ(parsed->generation, 2);
  EXPECT_EQ(parsed->end_unix_s, 1795370400);
  EXPECT_EQ(parsed->home, "/home/rs-a");
  EXPECT_TRUE(parsed->sudo);
  EXPECT_EQ(parsed->sshd_version, "OpenSSH_9.2p1");
  ASSERT_EQ(parsed->host_keys.size(), 1U) << "a type that is not known here is left out";
  EXPECT_EQ(parsed->host_keys[0], key());
}

TEST(ScriptAnswer, OfASweepAndOfAFailure) {
  const auto swept = parse_script_answer(
      R"({"passport":1,"outcome":"swept","removed":3,"failed":1,"users":["rs-a","rs-b"]})");
  ASSERT_TRUE(swept) << swept.error().detail;
  EXPECT_EQ(swept->removed, 3U);
  EXPECT_EQ(swept->failed, 1U);
  EXPECT_EQ(swept->users, (std::vector<std::string>{"rs-a", "rs-b"}));
  const auto failed =
      parse_script_answer(R"({"passport":1,"outcome":"failed","error":"not root"})");
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->outcome, ScriptOutcome::kFailed);
  EXPECT_EQ(failed->error, "not root");
  EXPECT_FALSE(failed->sudo);
}

TEST(ScriptAnswer, FromAHostileInstance) {
  std::string users = R"(,"users":["rs-a")";
  for (int i = 0; i < 64; ++i) users += R"(,"rs-a")";
  std::string keys = R"(,"host_keys":["x")";
  for (int i = 0; i < 8; ++i) keys += R"(,"x")";
  const std::string rows[] = {
      "",
      "nothing",
      std::string(30000, '\n') + answer(""),
      R"({"passport":1,)",
      R"({"passport":1,"outcome":"splendid"})",
      R"({"passport":1,"outcome":7})",
      R"( {"passport":1,"outcome":"live"})",
      answer(R"(,"generation":-1)"),
      answer(R"(,"generation":"2")"),
      answer(R"(,"generation":1e3)"),
      answer(R"(,"generation":18446744073709551615)"),
      answer(R"(,"end":253402300801)"),
      answer(R"(,"removed":-1)"),
      answer(R"(,"home":"home")"),
      answer(R"(,"home":"/home/\u001b[2J")"),
      answer(R"(,"sshd":"\u00e4")"),
      answer(R"(,"error":")" + std::string(257, 'a') + "\""),
      answer(R"(,"host_keys":[7])"),
      answer(keys + "]"),
      answer(users + "]"),
      answer(R"(,"users":["root"])"),
      answer(R"(,"users":[7])"),
  };
  for (const auto& row : rows) {
    const auto parsed = parse_script_answer(row);
    ASSERT_FALSE(parsed) << row.substr(0, 200);
    EXPECT_EQ(parsed.error().code, Errc::kProtocol);
  }
}

}  // namespace
}  // namespace passport::service
