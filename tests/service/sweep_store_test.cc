// When instances are swept, of which users, and what is kept of it.
#include "service/sweep_store.h"

#include "service/request_store.h"
#include "tests/service/api_fixture.h"

namespace passport::service {
namespace {

constexpr const char* kFirst = "i-0123456789abcdef0";
constexpr const char* kOther = "i-0123456789abcdef1";

class SweepTest : public ApiTest {
 protected:
  template <class T>
  T transact(std::function<Result<T>(SqlTransaction&)> job) {
    auto result = test::run_task(io, database->run<T>(std::move(job)));
    EXPECT_TRUE(result) << result.error().detail;
    return std::move(*result);
  }
  /// A request on both instances that is over; the first one's removal was given up.
  std::string over() {
    const auto id = create(token("ann", {"admins"}));
    query(
        "UPDATE request_instance SET generation = 2, state = 'removed', error = CASE instance "
        "WHEN '" +
        std::string(kFirst) + "' THEN 'offline' ELSE '' END WHERE request = '" + id +
        "' RETURNING instance");
    query("UPDATE access_request SET state = 'completed', finished_at = 1 WHERE id = '" + id +
          "' RETURNING id");
    transact<bool>([id](SqlTransaction& transaction) -> Result<bool> {
      auto planned = plan_sweeps(transaction, id);
      if (!planned) return planned.error();
      return true;
    });
    return id;
  }
  std::optional<SweepBatch> claim() { return transact<std::optional<SweepBatch>>(claim_sweep); }
  void take(const SweepBatch& batch, const std::string& instance,
            const std::optional<ScriptAnswer>& answer) {
    transact<bool>([&](SqlTransaction& transaction) -> Result<bool> {
      auto taken = take_sweep(transaction, batch, instance, answer);
      if (!taken) return taken.error();
      return true;
    });
  }
  std::int64_t wait_of(const std::string& instance) {
    return query("SELECT next_at FROM instance_sweep WHERE instance = '" + instance + "'")
               .at(0)
               .integer(0) -
           transact<std::int64_t>([](SqlTransaction& transaction) -> Result<std::int64_t> {
             return transaction.now();
           });
  }
  void make_due() { query("UPDATE instance_sweep SET next_at = 1 RETURNING instance"); }
};
INSTANTIATE_TEST_SUITE_P(Engines, SweepTest, engines(), name_of_engine);

TEST_P(SweepTest, WhatMayHaveBeenLeftIsSweptAtOnceAndTheRestWithinADay) {
  over();
  const auto batch = claim();
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->account, kAccount);
  EXPECT_EQ(batch->region, "eu-west-1");
  EXPECT_EQ(batch->instances, std::vector<std::string>{kFirst});
  EXPECT_TRUE(batch->live.empty());
  EXPECT_FALSE(claim()) << "it is being swept";
  EXPECT_GT(wait_of(kOther), kSweepEach - 60 * kSecond);
  EXPECT_LE(wait_of(kOther), kSweepEach);
}

TEST_P(SweepTest, UsersOfRequestsThatAreNotOverStay) {
  over();
  const auto id = create(token("bob", {"admins"}));
  const auto user = query("SELECT linux_user FROM access_request WHERE id = '" + id + "'");
  make_due();
  const auto batch = claim();
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->instances.size(), 2U);
  EXPECT_EQ(batch->live, std::vector<std::string>{user.at(0).text(0)});
}

TEST_P(SweepTest, WhatWasRemovedIsLoggedAndLookedAfterADayLater) {
  over();
  const auto batch = claim();
  ASSERT_TRUE(batch);
  ScriptAnswer answer;
  answer.outcome = ScriptOutcome::kSwept;
  answer.removed = 1;
  answer.users = {"rs-0a1b"};
  take(*batch, kFirst, answer);
  const auto logged = query("SELECT object, details FROM logbook WHERE action = 'user.sweep'");
  ASSERT_EQ(logged.size(), 1U);
  EXPECT_EQ(logged.at(0).text(0), kFirst);
  EXPECT_NE(logged.at(0).text(1).find("rs-0a1b"), std::string::npos);
  EXPECT_GT(wait_of(kFirst), kSweepEach - 60 * kSecond);
  make_due();
  answer.removed = 0;
  take(*claim(), kFirst, answer);
  EXPECT_EQ(count("logbook WHERE action = 'user.sweep'"), 1);
}

TEST_P(SweepTest, OneThatDoesNotAnswerIsAskedLessAndLessOften) {
  over();
  for (const Millis minutes : {15, 30, 60, 120, 240, 240}) {
    make_due();
    take(*claim(), kFirst, std::nullopt);
    EXPECT_LE(wait_of(kFirst), minutes * 60 * kSecond);
    EXPECT_GT(wait_of(kFirst), minutes * 60 * kSecond - 60 * kSecond);
  }
  make_due();
  ScriptAnswer answer;
  answer.outcome = ScriptOutcome::kSwept;
  answer.failed = 1;
  take(*claim(), kFirst, answer);
  EXPECT_LE(wait_of(kFirst), kSweepLongestPause) << "not all could be removed";
  make_due();
  answer.failed = 0;
  take(*claim(), kFirst, answer);
  make_due();
  take(*claim(), kFirst, std::nullopt);
  EXPECT_LE(wait_of(kFirst), kSweepAgain) << "it had answered meanwhile";
}

TEST_P(SweepTest, AMonthAfterItsLastRequestAnInstanceIsForgotten) {
  over();
  query("UPDATE instance_sweep SET until = 1, next_at = 1 RETURNING instance");
  EXPECT_FALSE(claim());
  EXPECT_EQ(count("instance_sweep"), 0);
}

}  // namespace
}  // namespace passport::service
