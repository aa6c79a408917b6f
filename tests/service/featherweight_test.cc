#include "lab/featherweight.h"

#include <gtest/gtest.h>

#include "service/instance_script.h"

// The service's own scripts on the lab's featherweights: they must do as the scripts do.

namespace passport::service {
namespace {

constexpr std::int64_t kNow = 1795400000;
constexpr char kUser[] = "rs-ada-1a2b";

class Featherweight : public testing::Test {
 protected:
  ScriptAnswer run(const Result<std::string>& script, std::int64_t now = kNow) {
    EXPECT_TRUE(script);
    // As the lab hands it over: behind what the agent sets.
    const auto outcome = machine.run("export AWS_SSM_INSTANCE_ID=i-1\n" + *script, now,
                                     [this](const auto&, const auto&) { ++changes; });
    EXPECT_EQ(outcome.exit_status, 0) << outcome.error_output;
    const auto answer = parse_script_answer(outcome.output);
    EXPECT_TRUE(answer) << outcome.output;
    return answer ? *answer : ScriptAnswer();
  }
  static UserScript script(std::int64_t generation, std::int64_t end = kNow + 3600) {
    return {kUser, generation, end, 1000 * kNow};
  }
  ScriptAnswer provision(std::int64_t generation, std::int64_t end = kNow + 3600,
                         bool sudo = true, std::int64_t now = kNow) {
    return run(render_provision_script(script(generation, end), {authority}, sudo), now);
  }
  ScriptAnswer remove(std::int64_t generation) {
    return run(render_remove_script(script(generation)));
  }

  lab::Featherweight machine{"i-00000000000001001"};
  wire::ssh::PublicKey authority = *wire::ssh::parse_public_key_line(
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0wmN/Cr3JXqmLW7u+g9pTh+wyqDHpSQEIQczXkVx9q");
  int changes = 0;
};

TEST_F(Featherweight, MakesAndExtendsAUser) {
  const auto made = provision(1);
  EXPECT_EQ(made.outcome, ScriptOutcome::kLive);
  EXPECT_EQ(made.generation, 1);
  EXPECT_EQ(made.end_unix_s, kNow + 3600);
  EXPECT_EQ(made.home, "/home/rs-ada-1a2b");
  EXPECT_TRUE(made.sudo);
  ASSERT_EQ(made.host_keys.size(), 1U);
  EXPECT_EQ(provision(1).outcome, ScriptOutcome::kLive);
  EXPECT_EQ(changes, 1);
  EXPECT_EQ(provision(1, kNow + 7200).outcome, ScriptOutcome::kConflict);
  EXPECT_EQ(provision(1, kNow + 3600, false).outcome, ScriptOutcome::kConflict);
  EXPECT_EQ(provision(2, kNow + 7200).end_unix_s, kNow + 7200);
  const auto late = provision(1);
  EXPECT_EQ(late.generation, 2);
  EXPECT_EQ(late.end_unix_s, kNow + 7200);
  EXPECT_EQ(changes, 2);
}

TEST_F(Featherweight, EachHasAHostKeyOfItsOwn) {
  const auto first = provision(1).host_keys.at(0);
  EXPECT_EQ(provision(2).host_keys.at(0), first);
  machine = lab::Featherweight("i-00000000000001002");
  EXPECT_NE(provision(1).host_keys.at(0), first);
}

TEST_F(Featherweight, LeavesATombstone) {
  provision(1);
  EXPECT_EQ(remove(1).outcome, ScriptOutcome::kLive);
  const auto gone = remove(2);
  EXPECT_EQ(gone.outcome, ScriptOutcome::kGone);
  EXPECT_EQ(gone.generation, 2);
  EXPECT_EQ(provision(1).outcome, ScriptOutcome::kGone);
  EXPECT_EQ(provision(2).outcome, ScriptOutcome::kGone);
  EXPECT_FALSE(machine.users(kNow).at(kUser).live);
  EXPECT_EQ(changes, 2);
  EXPECT_EQ(provision(3).outcome, ScriptOutcome::kLive);
  EXPECT_EQ(remove(2).outcome, ScriptOutcome::kLive);
}

TEST_F(Featherweight, RemovalMayComeFirst) {
  EXPECT_EQ(remove(2).outcome, ScriptOutcome::kGone);
  EXPECT_EQ(provision(1).outcome, ScriptOutcome::kGone);
  EXPECT_EQ(changes, 0);
}

TEST_F(Featherweight, EndsByItself) {
  EXPECT_EQ(provision(1, kNow).outcome, ScriptOutcome::kPast);
  provision(1, kNow + 10);
  EXPECT_TRUE(machine.users(kNow + 9).at(kUser).live);
  EXPECT_EQ(provision(1, kNow + 10, true, kNow + 10).outcome, ScriptOutcome::kGone);
  EXPECT_FALSE(machine.users(kNow + 10).at(kUser).live);
}

TEST_F(Featherweight, Sweeps) {
  provision(1);
  EXPECT_EQ(run(render_sweep_script({kUser}, 1000 * kNow + 1)).removed, 0U);
  EXPECT_EQ(run(render_sweep_script({}, 1000 * kNow)).removed, 0U);
  const auto swept = run(render_sweep_script({"rs-ada-1a2"}, 1000 * kNow + 1));
  EXPECT_EQ(swept.outcome, ScriptOutcome::kSwept);
  EXPECT_EQ(swept.removed, 1U);
  EXPECT_EQ(swept.users, std::vector<std::string>{kUser});
  EXPECT_EQ(provision(1).outcome, ScriptOutcome::kGone);
}

TEST_F(Featherweight, RunsNothingElse) {
  const auto ignore = [](const auto&, const auto&) {};
  for (const std::string text : {"", "id", "passport_verb=sweep", "passport_verb='other'\n"})
    EXPECT_NE(machine.run(text, kNow, ignore).exit_status, 0) << text;
  const auto answer = parse_script_answer(
      machine.run("passport_verb='provision'\npassport_user='rs-a'\n", kNow, ignore).output);
  EXPECT_EQ(answer->outcome, ScriptOutcome::kFailed);
  // What stands behind the head does not count.
  EXPECT_NE(
      machine.run("id\npassport_a='b'\nid\npassport_verb='sweep'\n", kNow, ignore).exit_status,
      0);
}

}  // namespace
}  // namespace passport::service
