// The database: transactions on threads of their own, for coroutines that must not wait.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/redirect_error.hpp>

#include "net/asio.h"
#include "service/sql.h"

namespace passport::service {

/// One transaction, by the database's clock.
class SqlTransaction {
 public:
  SqlTransaction(SqlConnection& connection, std::int64_t now)
      : connection_(connection), now_(now) {}

  /// See SqlConnection::query(). After an error nothing more can be done in the transaction.
  Result<SqlRows> query(const std::string& sql, const std::vector<SqlValue>& parameters = {}) {
    auto rows = connection_.query(sql, parameters);
    if (!rows && !failure_) failure_ = rows.error();
    return rows;
  }
  /// The first error: with one it is not committed, whatever the job makes of it. SQLite would
  /// keep the rest, and PostgreSQL roll back and call that a success.
  const std::optional<Error>& failure() const { return failure_; }
  std::int64_t now() const { return now_; }  ///< Unix ms, when it began

  /// Ends of a SELECT that keep others from its rows until this is over, or pass over those
  /// that others keep. SQLite has one writer at a time and needs neither.
  const char* for_update() const { return postgres() ? " FOR UPDATE" : ""; }
  const char* skip_locked() const { return postgres() ? " FOR UPDATE SKIP LOCKED" : ""; }

 private:
  bool postgres() const { return connection_.dialect() == SqlDialect::kPostgres; }

  SqlConnection& connection_;
  std::int64_t now_;
  std::optional<Error> failure_{};
};

/// Runs `job` in a transaction and commits it if it succeeds; rolls back if not. When others
/// were in the way it is run again, at most kMaxAttempts times, so it must have no other
/// effects. Errors: the job's; kUnavailable, where the text says when it is not known whether
/// the transaction took place, and `unknown` too.
inline constexpr int kMaxAttempts = 20;
Result<void> run_transaction(SqlConnection& connection,
                             const std::function<Result<void>(SqlTransaction&)>& job,
                             bool* unknown = nullptr);

/// Brings the schema up to date. Errors: kConfig: of a newer program, or changed; kUnavailable.
Result<void> migrate(SqlConnection& connection);

class Database {
 public:
  static constexpr std::size_t kMaxWaiting = 10'000;  ///< jobs
  static constexpr std::chrono::seconds kPatience{60};

  /// Connects and brings the schema up to date. `threads`: transactions at once; SQLite has
  /// one. Errors: as connect_database() and migrate().
  static Result<std::unique_ptr<Database>> open(const std::string& where, unsigned threads);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();  ///< waits for what is under way

  /// run_transaction() on another thread. Errors: also kUnavailable: too many wait already;
  /// kTimeout: not within kPatience, and not known whether it takes place.
  template <class T>
  net::Task<Result<T>> run(std::function<Result<T>(SqlTransaction&)> job) {
    auto result = std::make_shared<std::optional<Result<T>>>();
    // Ordinary functions make these: a coroutine's own lambdas are destroyed twice by g++ 12.
    auto done = co_await wait_for(keep_result(std::move(job), result));
    if (!done) co_return done.error();
    co_return std::move(**result);
  }

 private:
  using Job = std::function<Result<void>(SqlTransaction&)>;
  struct Waiting {
    Job job;
    std::function<void(Result<void>)> done;
  };

  Database(std::string where, std::vector<std::unique_ptr<SqlConnection>> connections);

  template <class T>
  static Job keep_result(std::function<Result<T>(SqlTransaction&)> job,
                         std::shared_ptr<std::optional<Result<T>>> result) {
    return [job = std::move(job), result](SqlTransaction& transaction) -> Result<void> {
      auto made = job(transaction);
      if (!made) return made.error();
      result->emplace(std::move(made));
      return {};
    };
  }
  net::Task<Result<void>> wait_for(Job job);
  bool submit(Waiting waiting);
  void work(std::unique_ptr<SqlConnection> connection);
  Result<void> run_connected(std::unique_ptr<SqlConnection>& connection, const Job& job);

  std::string where_;
  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<Waiting> waiting_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace passport::service
