#include <map>

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "service/sql.h"

namespace passport::service {
namespace {

constexpr int kBusyTimeout = 10'000;  ///< ms
constexpr std::size_t kMaxStatements = 256;

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Close>;

SqlValue read_column(sqlite3_stmt* statement, int column) {
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return std::string(text, size);
    }
    case SQLITE_BLOB: {
      const auto* bytes =
          static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, column));
      return Bytes(bytes, bytes + size);
    }
    default:
      return std::monostate{};
  }
}

int bind(sqlite3_stmt* statement, int at, const SqlValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return sqlite3_bind_int64(statement, at, *number);
  if (const auto* text = std::get_if<std::string>(&value))
    return sqlite3_bind_text64(statement, at, text->data(), text->size(), SQLITE_TRANSIENT,
                               SQLITE_UTF8);
  if (const auto* bytes = std::get_if<Bytes>(&value))
    return sqlite3_bind_blob64(statement, at, bytes->data(), bytes->size(), SQLITE_TRANSIENT);
  return sqlite3_bind_null(statement, at);
}

class SqliteConnection final : public SqlConnection {
 public:
  static Result<std::unique_ptr<SqlConnection>> open(const std::string& path) {
    // Made beforehand, so that it is never readable by others; SQLite gives its other files
    // the same mode. One that is there is not touched: to close any descriptor of it would drop
    // the locks of this process's other connections, and the next program that leaves would
    // take their log away (section 2.2 of sqlite.org/howtocorrupt.html).
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST)
      return Error{Errc::kUnavailable,
                   "database " + escape_for_terminal(path) + ": " + std::strerror(errno)};
    if (fd >= 0) ::close(fd);
    sqlite3* raw = nullptr;
    const int status = sqlite3_open_v2(path.c_str(), &raw,
                                       SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    auto out = std::unique_ptr<SqliteConnection>(new SqliteConnection(raw));
    if (status != SQLITE_OK) return out->failure(status);
    sqlite3_extended_result_codes(raw, 1);
    sqlite3_busy_timeout(raw, kBusyTimeout);
    if (auto set = out->run_script("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                   "PRAGMA foreign_keys = ON;");
        !set)
      return set.error();
    return std::unique_ptr<SqlConnection>(std::move(out));
  }

  SqlDialect dialect() const override { return SqlDialect::kSqlite; }
  SqlFault fault() const override { return fault_; }

  Result<SqlRows> query(const std::string& sql,
                        const std::vector<SqlValue>& parameters) override {
    fault_ = SqlFault::kNone;
    auto statement = prepare(sql);
    if (!statement) return statement.error();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const int at =
          sqlite3_bind_parameter_index(*statement, fmt::format("${}", i + 1).c_str());
      if (at == 0 || bind(*statement, at, parameters[i]) != SQLITE_OK)
        return Error{Errc::kInternal, fmt::format("database: no parameter ${}", i + 1)};
    }
    auto rows = step(*statement);
    sqlite3_reset(*statement);
    sqlite3_clear_bindings(*statement);
    return rows;
  }

  Result<void> run_script(const std::string& sql) override {
    fault_ = SqlFault::kNone;
    const int status = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (status != SQLITE_OK) return failure(status);
    return {};
  }

 private:
  explicit SqliteConnection(sqlite3* database) : database_(database) {}

  Result<sqlite3_stmt*> prepare(const std::string& sql) {
    const auto known = statements_.find(sql);
    if (known != statements_.end()) return known->second.get();
    sqlite3_stmt* raw = nullptr;
    const int status =
        sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    Statement statement(raw);
    if (status != SQLITE_OK) return failure(status);
    if (statements_.size() >= kMaxStatements) statements_.clear();
    statements_.emplace(sql, std::move(statement));
    return raw;
  }

  Result<SqlRows> step(sqlite3_stmt* statement) {
    SqlRows out;
    const int columns = sqlite3_column_count(statement);
    for (;;) {
      const int status = sqlite3_step(statement);
      if (status == SQLITE_DONE) return out;
      if (status != SQLITE_ROW) return failure(status);
      if (out.size() >= kMaxSqlRows) return Error{Errc::kTooLarge, "database: too many rows"};
      std::vector<SqlValue> row;
      for (int i = 0; i < columns; ++i) row.push_back(read_column(statement, i));
      out.emplace_back(std::move(row));
    }
  }

  Error failure(int status) {
    const std::string what =
        fmt::format("database: {}", database_ ? sqlite3_errmsg(database_.get()) : "no memory");
    switch (status & 0xff) {
      case SQLITE_CONSTRAINT:
        return {Errc::kConflict, what};
      case SQLITE_BUSY:
      case SQLITE_LOCKED:
        fault_ = SqlFault::kAgain;
        return {Errc::kUnavailable, what};
      case SQLITE_ERROR:
      case SQLITE_MISUSE:
      case SQLITE_RANGE:
        return {Errc::kInternal, what};
      default:  // full, not to be written, torn, ...
        return {Errc::kUnavailable, what};
    }
  }

  std::unique_ptr<sqlite3, Close> database_;
  std::map<std::string, Statement, std::less<>> statements_;
  SqlFault fault_ = SqlFault::kNone;
};

}  // namespace

Result<std::unique_ptr<SqlConnection>> connect_sqlite(const std::string& path) {
  return SqliteConnection::open(path);
}

}  // namespace passport::service
