#include "client/judge.h"

#include <gtest/gtest.h>
#include <sysexits.h>

namespace passport::client {
namespace {

constexpr std::int64_t kNow = 1'700'000'000;

std::string line(Finding finding) {
  finding.what = "it";
  return render_finding(finding, false);
}

Finding clock(int ahead_s) {
  const std::chrono::sys_seconds now{std::chrono::seconds(kNow)};
  return judge_clock(now, now + std::chrono::seconds(ahead_s), "the service's");
}

TEST(Judge, AClockMayBeAFewSecondsOff) {
  EXPECT_EQ(line(clock(0)), "ok    it: as the service's, within 1 s\n");
  EXPECT_EQ(clock(5).outcome, Outcome::kOk);
  EXPECT_EQ(clock(-5).outcome, Outcome::kOk);
  EXPECT_EQ(line(clock(6)),
            "warn  it: this machine's is 6 seconds ahead of the service's\n"
            "      set it: timedatectl set-ntp true\n");
  EXPECT_EQ(clock(-60).outcome, Outcome::kWarn);
  EXPECT_EQ(clock(-61).outcome, Outcome::kFail);
  EXPECT_EQ(clock(-600).detail, "this machine's is 10 minutes behind the service's");
  EXPECT_EQ(clock(600).status, EX_CONFIG);
}

TEST(Judge, ALoginThatEndsSoonIsAWarning) {
  const json::object who{
      {"user", "ann"}, {"groups", {"ops", "dev"}}, {"expires_at", kNow + 600}};
  EXPECT_EQ(line(judge_login(who, kNow)), "ok    it: ann (ops, dev), for 10 min\n");
  EXPECT_EQ(line(judge_login(who, kNow + 1)),
            "warn  it: ann (ops, dev), for 9 min\n      log in again: passport auth login\n");
  EXPECT_EQ(judge_login({}, kNow).outcome, Outcome::kWarn);
}

TEST(Judge, RequestsAreTold) {
  const json::object active{{"id", "ar-1"},
                            {"state", "active"},
                            {"ends_at", kNow + 3600},
                            {"instances", {{{"id", "i-1"}, {"state", "active"}}}}};
  auto ending = active;
  ending["id"] = "ar-2";
  ending["ends_at"] = kNow + 300;
  const json::object half{{"id", "ar-3"},
                          {"state", "active"},
                          {"ends_at", kNow + 3600},
                          {"instances",
                           {{{"id", "i-1"}, {"state", "active"}},
                            {{"id", "i-2"}, {"state", "failed"}, {"error", "no shell"}}}}};
  const json::object pending{{"id", "ar-4"}, {"state", "pending"}};
  std::string text;
  for (const auto& finding : judge_requests({active, ending, half, pending}, kNow))
    text += render_finding(finding, false);
  EXPECT_EQ(text,
            "ok    request ar-1: active, 1 of 1 instance active, for 1 h\n"
            "warn  request ar-2: active, 1 of 1 instance active, for 5 min\n"
            "      more time: passport request extend ar-2\n"
            "warn  request ar-3: active, 1 of 2 instances active, 1 failed, for 1 h: i-2: no "
            "shell\n"
            "warn  request ar-4: it waits for approval\n"
            "      ask somebody who may approve it\n");
  EXPECT_EQ(line(judge_requests({}, kNow).at(0)), "ok    it: none is active\n");
}

TEST(Judge, AnSshThatIsTooOld) {
  EXPECT_EQ(line(judge_ssh_version("OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.14 4 Jun\n")),
            "ok    it: OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.14 4 Jun\n");
  EXPECT_EQ(judge_ssh_version("OpenSSH_for_Windows_9.5p1, LibreSSL").outcome, Outcome::kOk);
  EXPECT_EQ(judge_ssh_version("OpenSSH_10.0p2").outcome, Outcome::kOk);
  EXPECT_EQ(judge_ssh_version("OpenSSH_7.8p1").outcome, Outcome::kOk);
  EXPECT_EQ(judge_ssh_version("OpenSSH_7.7p1").outcome, Outcome::kFail);
  for (const auto* text : {"", "Dropbear v2022", "OpenSSH_", "OpenSSH_x", "OpenSSH_9"})
    EXPECT_EQ(judge_ssh_version(text).outcome, Outcome::kWarn) << text;
}

api::Access access(std::string id, std::vector<std::string> hosts) {
  api::Access out{std::move(id), "rs-1", kNow + 3600, {}};
  for (auto& host : hosts) out.hosts.push_back({std::move(host)});
  return out;
}

json::object held(std::int64_t from, std::int64_t until, std::string error = "") {
  return {{"locked", false},
          {"requests",
           {{{"id", "ar-1"},
             {"error", error},
             {"identities", {{{"valid_after", from}, {"valid_before", until}}}}}}}};
}

TEST(Judge, TheAgentHoldsTheKeysOfEachRequest) {
  const std::vector<api::Access> one = {access("ar-1", {})};
  EXPECT_EQ(line(judge_held(held(kNow, kNow + 3600), one, kNow).at(0)),
            "ok    it: ar-1: 1 certificate, for 1 h\n");
  EXPECT_EQ(line(judge_held(held(kNow - 60, kNow), one, kNow).at(0)),
            "FAIL  it: no certificate of ar-1 is valid now\n"
            "      have it done: passport ssh-config\n");
  EXPECT_EQ(judge_held(held(kNow + 1, kNow + 60), one, kNow).at(0).status, EX_NOPERM);
  EXPECT_EQ(line(judge_held(held(kNow, kNow + 60, "no answer"), one, kNow).at(0)),
            "warn  it: ar-1: 1 certificate, for 1 min; not renewed: no answer\n");
  const auto two =
      judge_held(held(kNow, kNow + 60), {access("ar-1", {}), access("ar-2", {})}, kNow);
  ASSERT_EQ(two.size(), 2U);
  EXPECT_EQ(two[0].outcome, Outcome::kOk);
  EXPECT_EQ(two[1].detail, "it holds no keys of ar-2");
  EXPECT_EQ(two[1].status, EX_UNAVAILABLE);
  EXPECT_EQ(line(judge_held({}, {}, kNow).at(0)), "ok    it: it runs\n");
  EXPECT_EQ(judge_held({{"locked", true}}, one, kNow).at(0).status, EX_NOPERM);
  EXPECT_EQ(judge_held({{"requests", {1, nullptr, {{"id", "ar-1"}}}}}, one, kNow).at(0).outcome,
            Outcome::kFail);
}

TEST(Judge, AnSshConfigHasTheHostsThatThereAre) {
  const std::string a = "i-0123456789abcdef0";
  const std::string b = "i-0123456789abcdef1";
  const std::string c = "i-0123456789abcdef2";
  const auto text = "# Host " + c + "\nHost " + a + "\n  HostKeyAlias " + a + "\nHost  " + a +
                    " web " + b + "\r\n  User rs-1\n";
  EXPECT_EQ(line(judge_hosts(text, {access("ar-1", {a}), access("ar-2", {b})})),
            "ok    it: 2 instances\n");
  EXPECT_EQ(line(judge_hosts(text, {access("ar-1", {a, b, c})})),
            "FAIL  it: it has no " + c + "\n      have it done: passport ssh-config\n");
  EXPECT_EQ(line(judge_hosts(text, {access("ar-1", {a})})),
            "warn  it: it still has " + b + "\n      have it done: passport ssh-config\n");
  std::vector<std::string> many;
  for (int i = 0; i < 5; ++i) many.push_back("i-0000000000000000" + std::to_string(i));
  EXPECT_EQ(
      judge_hosts("", {access("ar-1", many)}).detail,
      "it has no i-00000000000000000, i-00000000000000001, i-00000000000000002 and 2 more");
}

TEST(Judge, WordsOfAnotherProgramAreTold) {
  const auto judge = [](std::string_view errors, int status) {
    return judge_words(errors, status, "passport-ssh-config", "i-1");
  };
  EXPECT_EQ(line(judge("", 0)), "ok    it: can be used\n");
  EXPECT_EQ(line(judge("passport-ssh-config: i-1: it is offline\n"
                       "passport-ssh-config: hint: start it\n",
                       69)),
            "FAIL  it: it is offline\n      start it\n");
  EXPECT_EQ(judge("passport-ssh-config: i-1: it is offline\n", 69).status, 69);
  EXPECT_EQ(line(judge("passport-ssh-config: i-1: its agent is old\n", 0)),
            "warn  it: its agent is old\n");
  EXPECT_EQ(line(judge("passport-ssh-config: a\nanother: b\n", 70)),
            "FAIL  it: a; another: b\n");
  EXPECT_EQ(line(judge("", 70)), "FAIL  it: passport-ssh-config ended with status 70\n");
}

}  // namespace
}  // namespace passport::client
