// What a PostgreSQL that dies does to transactions: nothing is lost that was acknowledged, and
// nothing is done twice.
#include <csignal>

#include <gtest/gtest.h>

#include "service/database.h"
#include "service/logbook.h"
#include "tests/service/postgres_server.h"
#include "tests/support/run_task.h"

namespace passport::service {
namespace {

TEST(Postgres, AServerThatWasKilledIsConnectedToAgain) {
  auto& server = PostgresServer::instance();
  const auto where = server.make_database();
  if (where.empty()) GTEST_SKIP() << server.why_not();
  net::asio::io_context io;
  auto opened = Database::open(where, 1);
  ASSERT_TRUE(opened);
  const auto add = [](SqlTransaction& transaction) -> Result<bool> {
    auto done = transaction.query(
        "INSERT INTO token SELECT (count(*))::text, 'o', '', 1, 2 FROM token");
    if (!done) return done.error();
    return true;
  };
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(test::run_task(io, (*opened)->run<bool>(add)));
    server.kill_and_restart();
    ASSERT_TRUE(test::run_task(io, (*opened)->run<bool>(add)));
  }
  const auto count = (*connect_database(where))->query("SELECT count(*) FROM token", {});
  ASSERT_TRUE(count);
  EXPECT_EQ((*count)[0].integer(0), 6);
}

/// Killed at each place of a transaction, and at its end: what was told is true.
TEST(Postgres, ABackendThatIsKilledLosesNothingAndDoesNothingTwice) {
  auto& server = PostgresServer::instance();
  const auto where = server.make_database();
  if (where.empty()) GTEST_SKIP() << server.why_not();
  net::asio::io_context io;
  auto opened = Database::open(where, 1);
  ASSERT_TRUE(opened);
  const auto look = [&](const std::string& sql) -> std::int64_t {
    for (const auto end = net::deadline_in(std::chrono::seconds(30));
         net::Deadline::clock::now() < end;) {
      const auto connection = connect_database(where);
      if (!connection) continue;  // it recovers
      if (const auto rows = (*connection)->query(sql, {})) return rows->front().integer(0);
    }
    return -1;
  };
  constexpr int kRounds = 60;
  for (int round = 0; round < kRounds; ++round) {
    int runs = 0;
    const int place = round % 3;
    const auto add = [&](SqlTransaction& t) -> Result<bool> {
      const bool first = ++runs == 1;
      const auto kill = [&](int here) {
        if (!first || here != place) return;
        const auto pid = t.query("SELECT pg_backend_pid()");
        const auto id = pid ? pid->front().integer(0) : 0;
        if (round % 30 == 29)
          ::kill(static_cast<pid_t>(id), SIGKILL);  // and the server starts all of it anew
        else
          look("SELECT pg_terminate_backend(" + std::to_string(id) + ", 10000)::int");
      };
      kill(0);
      auto made =
          t.query("INSERT INTO token VALUES ($1, 'o', '', 1, 2)", {std::to_string(round)});
      if (!made) return made.error();
      kill(1);
      if (auto logged = append_log(t, {"o", "x", std::to_string(round), "ok"}); !logged)
        return logged.error();
      kill(2);
      return true;
    };
    const auto done = test::run_task(io, (*opened)->run<bool>(add));
    const auto there =
        look("SELECT count(*) FROM token WHERE hash = '" + std::to_string(round) + "'");
    EXPECT_EQ(
        look("SELECT count(*) FROM logbook WHERE object = '" + std::to_string(round) + "'"),
        there);
    if (done) {
      EXPECT_EQ(there, 1) << round;
    } else {
      EXPECT_EQ(place, 2) << round << ": only there can its fate be unknown";
      EXPECT_EQ(done.error().code, Errc::kUnavailable);
      EXPECT_NE(done.error().detail.find("not known"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace passport::service
