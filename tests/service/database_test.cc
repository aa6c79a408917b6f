// The same over SQLite and over a PostgreSQL that these tests start themselves.
#include "service/database.h"

#include <atomic>
#include <set>

#include <gtest/gtest.h>
#include <unistd.h>

#include "service/logbook.h"
#include "service/logbook_verifier.h"
#include "tests/service/postgres_server.h"
#include "tests/support/run_task.h"
#include "tests/wire/ssh/keygen.h"
#include "wire/ssh/private_key.h"

namespace passport::service {
namespace {

/// A new, empty database of the engine; "" where it cannot be had.
class DatabaseTest : public testing::TestWithParam<SqlDialect> {
 protected:
  void SetUp() override {
    where = GetParam() == SqlDialect::kSqlite ? "sqlite:" + shop.path("passport.db")
                                              : PostgresServer::instance().make_database();
    if (where.empty()) GTEST_SKIP() << PostgresServer::instance().why_not();
  }

  std::unique_ptr<SqlConnection> connect() const {
    auto connection = connect_database(where);
    EXPECT_TRUE(connection) << connection.error().detail;
    return std::move(*connection);
  }

  wire::ssh::Workshop shop;
  std::string where;
};
INSTANTIATE_TEST_SUITE_P(Engines, DatabaseTest,
                         testing::Values(SqlDialect::kSqlite, SqlDialect::kPostgres),
                         [](const auto& info) {
                           return info.param == SqlDialect::kSqlite ? "sqlite" : "postgres";
                         });

TEST_P(DatabaseTest, ValuesComeBackAsTheyWent) {
  const auto connection = connect();
  const bool postgres = GetParam() == SqlDialect::kPostgres;
  ASSERT_TRUE(connection->run_script(std::string("CREATE TABLE t (i BIGINT, s TEXT, b ") +
                                     (postgres ? "BYTEA" : "BLOB") + ", n TEXT)"));
  Bytes bytes(256);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
  const std::string text = "it's \"π\" \\x00 $1 ; --";
  for (const auto number : {std::int64_t{0}, INT64_MAX, INT64_MIN}) {
    ASSERT_TRUE(connection->query("DELETE FROM t", {}));
    ASSERT_TRUE(connection->query("INSERT INTO t VALUES ($1, $2, $3, $4)",
                                  {number, text, bytes, std::monostate{}}));
    const auto rows =
        connection->query("SELECT i, s, b, n FROM t WHERE i = $1 AND i = $1", {number});
    ASSERT_TRUE(rows) << rows.error().detail;
    ASSERT_EQ(rows->size(), 1U);
    EXPECT_EQ((*rows)[0].integer(0), number);
    EXPECT_EQ((*rows)[0].text(1), text);
    EXPECT_EQ((*rows)[0].bytes(2), bytes);
    EXPECT_TRUE((*rows)[0].is_null(3));
    EXPECT_EQ((*rows)[0].text(0), "");
    EXPECT_TRUE((*rows)[0].is_null(99));
  }
}

TEST_P(DatabaseTest, ErrorsAreOfTheirKind) {
  const auto connection = connect();
  ASSERT_TRUE(connection->run_script(
      "CREATE TABLE t (i BIGINT PRIMARY KEY, CONSTRAINT small CHECK (i < 10))"));
  ASSERT_TRUE(connection->query("INSERT INTO t VALUES ($1)", {std::int64_t{1}}));
  for (const std::int64_t refused : {1, 10}) {
    const auto again = connection->query("INSERT INTO t VALUES ($1)", {refused});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Errc::kConflict) << again.error().detail;
    EXPECT_EQ(connection->fault(), SqlFault::kNone);
  }
  EXPECT_EQ(connection->query("SELECT nothing FROM t", {}).error().code, Errc::kInternal);
  EXPECT_EQ(connection->query("SELECT i FROM t WHERE i = $2", {std::int64_t{1}}).error().code,
            Errc::kInternal);
  EXPECT_TRUE(connection->query("SELECT i FROM t", {}));
}

TEST_P(DatabaseTest, ATransactionIsWholeOrNotAtAll) {
  const auto connection = connect();
  ASSERT_TRUE(connection->run_script("CREATE TABLE t (i BIGINT PRIMARY KEY)"));
  const auto insert = [&](bool fails) {
    return run_transaction(*connection, [fails](SqlTransaction& transaction) -> Result<void> {
      auto done = transaction.query("INSERT INTO t VALUES (1)");
      if (!done) return done.error();
      if (fails) return Error{Errc::kDenied, "no"};
      return {};
    });
  };
  EXPECT_EQ(insert(true).error().code, Errc::kDenied);
  EXPECT_TRUE(insert(false));
  EXPECT_EQ(insert(false).error().code, Errc::kConflict);
  EXPECT_EQ((*connection->query("SELECT count(*) FROM t", {}))[0].integer(0), 1);
}

TEST_P(DatabaseTest, WhatFailedInPartIsNotCommitted) {
  const auto connection = connect();
  ASSERT_TRUE(connection->run_script("CREATE TABLE t (i BIGINT PRIMARY KEY)"));
  const auto done = run_transaction(*connection, [](SqlTransaction& transaction) {
    for (int i = 0; i < 2; ++i) (void)transaction.query("INSERT INTO t VALUES (1)");
    return Result<void>();
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::kConflict) << done.error().detail;
  EXPECT_EQ((*connection->query("SELECT count(*) FROM t", {}))[0].integer(0), 0);
}

/// As many statements as are kept, and then one that fails: it is rolled back all the same.
TEST_P(DatabaseTest, AConnectionGoesOnWhateverItWasAsked) {
  ASSERT_TRUE(connect()->run_script("CREATE TABLE t (i BIGINT CHECK (i < 0))"));
  for (int asked = 250; asked < 258; ++asked) {
    const auto connection = connect();
    const auto ask = [&](bool fails) {
      return run_transaction(*connection, [=](SqlTransaction& t) -> Result<void> {
        for (int i = 0; i < (fails ? asked : 1); ++i)
          if (auto rows = t.query("SELECT " + std::to_string(i)); !rows) return rows.error();
        if (!fails) return {};
        return t.query("INSERT INTO t VALUES (1)").error();
      });
    };
    EXPECT_EQ(ask(true).error().code, Errc::kConflict);
    const auto done = ask(false);
    ASSERT_TRUE(done) << asked << ": " << done.error().detail;
  }
}

TEST_P(DatabaseTest, TimeIsTheDatabases) {
  const auto connection = connect();
  std::int64_t seen = 0;
  ASSERT_TRUE(run_transaction(*connection, [&](SqlTransaction& transaction) -> Result<void> {
    seen = transaction.now();
    return {};
  }));
  const auto here = std::chrono::duration_cast<std::chrono::milliseconds>(
                        std::chrono::system_clock::now().time_since_epoch())
                        .count();
  EXPECT_NEAR(static_cast<double>(seen), static_cast<double>(here), 5000);
}

TEST_P(DatabaseTest, JobsAreClaimedOnceEach) {
  {
    const auto connection = connect();
    ASSERT_TRUE(
        connection->run_script("CREATE TABLE job (i BIGINT PRIMARY KEY, taken BIGINT)"));
    for (std::int64_t i = 0; i < 40; ++i)
      ASSERT_TRUE(connection->query("INSERT INTO job VALUES ($1, 0)", {i}));
  }
  std::mutex mutex;
  std::multiset<std::int64_t> taken;
  std::atomic<bool> failed = false;
  const auto work = [&] {
    const auto connection = connect();
    for (;;) {
      std::optional<std::int64_t> mine;
      const auto done = run_transaction(*connection, [&](SqlTransaction& t) -> Result<void> {
        mine.reset();
        const auto rows =
            t.query(std::string("SELECT i FROM job WHERE taken = 0 ORDER BY i LIMIT 1") +
                    t.skip_locked());
        if (!rows) return rows.error();
        if (rows->empty()) return {};
        mine = rows->at(0).integer(0);
        auto set = t.query("UPDATE job SET taken = 1 WHERE i = $1", {*mine});
        if (!set) return set.error();
        return {};
      });
      if (!done) failed = true;
      if (!done || !mine) return;
      const std::lock_guard lock(mutex);
      taken.insert(*mine);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  EXPECT_FALSE(failed);
  EXPECT_EQ(taken.size(), 40U);
  EXPECT_EQ(std::set<std::int64_t>(taken.begin(), taken.end()).size(), 40U);
}

TEST_P(DatabaseTest, CountersLoseNothingBetweenThreads) {
  {
    const auto connection = connect();
    ASSERT_TRUE(connection->run_script("CREATE TABLE c (n BIGINT); INSERT INTO c VALUES (0)"));
  }
  const auto work = [&] {
    const auto connection = connect();
    for (int i = 0; i < 50; ++i)
      EXPECT_TRUE(run_transaction(*connection, [](SqlTransaction& t) -> Result<void> {
        const auto rows = t.query(std::string("SELECT n FROM c") + t.for_update());
        if (!rows) return rows.error();
        auto set = t.query("UPDATE c SET n = $1", {rows->at(0).integer(0) + 1});
        if (!set) return set.error();
        return {};
      }));
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  EXPECT_EQ((*connect()->query("SELECT n FROM c", {}))[0].integer(0), 200);
}

TEST_P(DatabaseTest, TheSchemaIsAppliedOnceAndWatched) {
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(migrate(*connect()));
  const auto connection = connect();
  const auto count = connection->query("SELECT count(*) FROM schema_version", {});
  ASSERT_TRUE(count);
  const auto versions = (*count)[0].integer(0);
  EXPECT_GE(versions, 2);
  ASSERT_TRUE(connection->query("INSERT INTO schema_version VALUES ($1, 'later', 'x', 0)",
                                {versions + 1}));
  EXPECT_EQ(migrate(*connection).error().detail,
            "database: a newer version of Passport has used it");
  ASSERT_TRUE(
      connection->query("DELETE FROM schema_version WHERE version = $1", {versions + 1}));
  ASSERT_TRUE(
      connection->query("UPDATE schema_version SET digest = 'x' WHERE version = 1", {}));
  EXPECT_EQ(migrate(*connection).error().code, Errc::kConfig);
}

TEST_P(DatabaseTest, ConstraintsHoldWhateverTheProgramSays) {
  const auto connection = connect();
  ASSERT_TRUE(migrate(*connection));
  const auto insert = [&](const std::string& state, std::int64_t duration,
                          std::int64_t activated, std::int64_t ends) {
    return connection->query(
        "INSERT INTO access_request (id, account, region, owner, linux_user, reason, ticket, "
        "key_type, duration, state, approvals_needed, break_glass, created_at, activated_at, "
        "ends_at, next_at) VALUES ('ar-1', 'a', 'r', 'o', 'rs-1', 'why', '', '', $1, $2, 0, 0, "
        "1, "
        "$3, $4, 0)",
        {duration, state, activated, ends});
  };
  EXPECT_FALSE(insert("active", 43'200'001, 1000, 2000));
  EXPECT_FALSE(insert("active", 3'600'000, 1000, 43'201'001));
  EXPECT_FALSE(insert("active", 3'600'000, 0, 0));
  EXPECT_FALSE(insert("pending", 3'600'000, 1000, 2000));
  EXPECT_FALSE(insert("open", 3'600'000, 1000, 2000));
  EXPECT_TRUE(insert("active", 3'600'000, 1000, 43'201'000));
  EXPECT_FALSE(insert("active", 3'600'000, 1000, 2000));  // a second of that name
  EXPECT_EQ(connection->query("UPDATE access_request SET ends_at = 43201001", {}).error().code,
            Errc::kConflict);
}

TEST_P(DatabaseTest, ALogbookIsReadAsItHolds) {
  const auto connection = connect();
  ASSERT_TRUE(migrate(*connection));
  auto key = wire::ssh::PrivateKey::from_ed25519_seed(Bytes(32, 1));
  ASSERT_TRUE(key);
  int made = 0;
  for (int i = 0; i < 3; ++i) {
    const auto done = run_transaction(*connection, [&](SqlTransaction& transaction) {
      return append_log(transaction, {"ann", "x", "", "ok", {{"i", i}}});
    });
    ASSERT_TRUE(done) << done.error().detail;
    for (int again = 0; again < 2; ++again)  // the second has nothing new to hold
      ASSERT_TRUE(
          run_transaction(*connection, [&](SqlTransaction& transaction) -> Result<void> {
            const auto checkpoint = append_checkpoint(transaction, *key);
            if (!checkpoint) return checkpoint.error();
            if (*checkpoint) ++made;
            return {};
          }));
  }
  EXPECT_EQ(made, 3);
  auto verifier = LogbookVerifier::make({key->public_key()});
  const auto visited = visit_logbook(
      *connection, [&](const LogLine& line) { return verifier->read(render_log_line(line)); });
  ASSERT_TRUE(visited) << visited.error().detail;
  EXPECT_TRUE(verifier->finish());
  EXPECT_EQ(verifier->checkpoint().sequence, 3);
  EXPECT_FALSE(connection->query("DELETE FROM logbook_checkpoint", {}));
}

TEST_P(DatabaseTest, ALogbookIsOnlyAppendedTo) {
  const auto connection = connect();
  ASSERT_TRUE(migrate(*connection));
  ASSERT_TRUE(connection->query(
      "INSERT INTO logbook VALUES (1, 1, 'me', 'x', '', 'ok', '{}', 'p', 'h')", {}));
  for (const auto* change : {"UPDATE logbook SET actor = 'you'", "DELETE FROM logbook",
                             "DELETE FROM logbook WHERE sequence = 1"})
    EXPECT_EQ(connection->query(change, {}).error().code, Errc::kConflict) << change;
  EXPECT_EQ((*connection->query("SELECT actor FROM logbook", {}))[0].text(0), "me");
}

TEST_P(DatabaseTest, CoroutinesWaitOnTheirOwnThread) {
  net::asio::io_context io;
  auto opened = Database::open(where, 4);
  ASSERT_TRUE(opened) << opened.error().detail;
  auto& database = **opened;
  const auto here = std::this_thread::get_id();
  const auto ask = [](SqlTransaction& transaction) -> Result<std::int64_t> {
    const auto rows = transaction.query("SELECT count(*) FROM logbook");
    if (!rows) return rows.error();
    return rows->at(0).integer(0) + 7;
  };
  const auto seen = test::run_task(io, database.run<std::int64_t>(ask));
  ASSERT_TRUE(seen);
  EXPECT_EQ(*seen, 7);
  EXPECT_EQ(std::this_thread::get_id(), here);
  const auto refuse = [](SqlTransaction&) -> Result<std::int64_t> {
    return Error{Errc::kDenied, "no"};
  };
  EXPECT_EQ(test::run_task(io, database.run<std::int64_t>(refuse)).error().code, Errc::kDenied);
}

/// A process has several connections, and other programs come and go.
TEST(Sqlite, AProgramThatLeavesTakesNothingWithIt) {
  wire::ssh::Workshop shop;
  const auto first = connect_database("sqlite:" + shop.path("passport.db"));
  ASSERT_TRUE(first);
  ASSERT_TRUE((*first)->run_script("CREATE TABLE t (i BIGINT); INSERT INTO t VALUES (1)"));
  const auto second = connect_database("sqlite:" + shop.path("passport.db"));
  ASSERT_TRUE(second);
  const auto count = [&] { return shop.run("sqlite3 passport.db 'SELECT count(*) FROM t'"); };
  EXPECT_EQ(count(), "1\n");
  ASSERT_TRUE((*second)->query("INSERT INTO t VALUES ($1)", {std::int64_t{2}}));
  ASSERT_TRUE((*first)->query("INSERT INTO t VALUES ($1)", {std::int64_t{3}}));
  EXPECT_EQ(count(), "3\n");
}

TEST(Databases, OfAnotherKindAreRefused) {
  EXPECT_EQ(connect_database("mysql://x").error().code, Errc::kConfig);
  EXPECT_EQ(connect_database("sqlite:/nonexistent/x.db").error().code, Errc::kUnavailable);
  const auto nowhere = connect_database("postgresql:///x?host=/nonexistent&password=hunter2");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, Errc::kUnavailable);
  EXPECT_EQ(nowhere.error().detail.find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace passport::service
