#include "service/database.h"

#include <random>

#include <boost/asio/post.hpp>

#include "service/fail_point.h"

namespace passport::service {
namespace {

namespace asio = net::asio;

constexpr std::chrono::milliseconds kLongestPause{50};

std::chrono::microseconds random_pause(int attempt) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto most = std::min<std::chrono::microseconds>(
      std::chrono::milliseconds(1) * (1 << attempt), kLongestPause);
  return std::chrono::microseconds(
      std::uniform_int_distribution<std::int64_t>(0, most.count())(random));
}

Result<std::int64_t> begin(SqlConnection& connection) {
  const bool postgres = connection.dialect() == SqlDialect::kPostgres;
  auto begun = connection.run_script(postgres ? "BEGIN" : "BEGIN IMMEDIATE");
  if (!begun) return begun.error();
  const auto now = connection.query(
      postgres ? "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
               : "SELECT CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)",
      {});
  if (!now) return now.error();
  return now->at(0).integer(0);
}

/// Once. `committing`: whether it got so far that its fate may be unknown.
Result<void> try_transaction(SqlConnection& connection,
                             const std::function<Result<void>(SqlTransaction&)>& job,
                             SqlFault& fault, bool& committing) {
  auto now = begin(connection);
  fault = connection.fault();
  if (!now) return now.error();
  SqlTransaction transaction(connection, *now);
  auto done = job(transaction);
  fault = connection.fault();
  if (done && transaction.failure()) done = *transaction.failure();
  if (done) {
    fail_point("commit");
    committing = true;
    const auto committed = connection.run_script("COMMIT");
    fault = connection.fault();
    if (committed) {
      fail_point("committed");
      return {};
    }
    done = committed.error();
  }
  (void)connection.run_script("ROLLBACK");
  return done;
}

}  // namespace

Result<void> run_transaction(SqlConnection& connection,
                             const std::function<Result<void>(SqlTransaction&)>& job,
                             bool* unknown) {
  for (int attempt = 0;; ++attempt) {
    auto fault = SqlFault::kNone;
    bool committing = false;
    auto done = try_transaction(connection, job, fault, committing);
    if (done) return done;
    if (fault == SqlFault::kLost && committing) {
      if (unknown != nullptr) *unknown = true;
      return Error{Errc::kUnavailable,
                   done.error().detail + "; it is not known whether it took place"};
    }
    if (fault != SqlFault::kAgain || attempt + 1 >= kMaxAttempts) return done;
    std::this_thread::sleep_for(random_pause(attempt));
  }
}

Result<std::unique_ptr<Database>> Database::open(const std::string& where, unsigned threads) {
  std::vector<std::unique_ptr<SqlConnection>> connections;
  do {
    auto connection = connect_database(where);
    if (!connection) return connection.error();
    if (connections.empty())
      if (auto done = migrate(**connection); !done) return done.error();
    connections.push_back(std::move(*connection));
  } while (connections.size() < threads && connections[0]->dialect() == SqlDialect::kPostgres);
  return std::unique_ptr<Database>(new Database(where, std::move(connections)));
}

Database::Database(std::string where, std::vector<std::unique_ptr<SqlConnection>> connections)
    : where_(std::move(where)) {
  for (auto& connection : connections)
    threads_.emplace_back(
        [this, connection = std::move(connection)]() mutable { work(std::move(connection)); });
}

Database::~Database() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  more_.notify_all();
  for (auto& thread : threads_) thread.join();
}

bool Database::submit(Waiting waiting) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= kMaxWaiting) return false;
    waiting_.push_back(std::move(waiting));
  }
  more_.notify_one();
  return true;
}

void Database::work(std::unique_ptr<SqlConnection> connection) {
  for (;;) {
    std::unique_lock lock(mutex_);
    more_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    auto result = run_connected(connection, next.job);
    next.done(std::move(result));
  }
}

/// Connects if need be: a server that was started again must not fail the first that comes.
Result<void> Database::run_connected(std::unique_ptr<SqlConnection>& connection,
                                     const Job& job) {
  for (bool again = false;; again = true) {
    if (!connection) {
      auto made = connect_database(where_);
      if (!made) return made.error();
      connection = std::move(*made);
    }
    bool unknown = false;
    auto result = run_transaction(*connection, job, &unknown);
    if (connection->fault() != SqlFault::kLost) return result;
    connection.reset();
    if (result || unknown || again) return result;
  }
}

namespace {

/// The result, and what wakes the coroutine that waits for it on its own thread.
struct Answer {
  explicit Answer(const asio::any_io_executor& e)
      : executor(e), timer(e, asio::steady_timer::time_point::max()) {}
  asio::any_io_executor executor;
  asio::steady_timer timer;
  std::optional<Result<void>> result;
};

std::function<void(Result<void>)> answer_on_executor(std::shared_ptr<Answer> answer) {
  return [answer = std::move(answer)](Result<void> result) {
    asio::post(answer->executor, [answer, result = std::move(result)]() mutable {
      answer->result = std::move(result);
      answer->timer.cancel();
    });
  };
}

}  // namespace

net::Task<Result<void>> Database::wait_for(Job job) {
  const auto executor = co_await asio::this_coro::executor;
  const auto answer = std::make_shared<Answer>(executor);
  Waiting waiting{std::move(job), answer_on_executor(answer)};
  if (!submit(std::move(waiting)))
    co_return Error{Errc::kUnavailable, "database: too much is waiting for it"};
  answer->timer.expires_after(kPatience);
  boost::system::error_code ignored;
  co_await answer->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (!answer->result)
    co_return Error{Errc::kTimeout,
                    "database: no answer in time; it is not known whether it took place"};
  co_return std::move(*answer->result);
}

}  // namespace passport::service
