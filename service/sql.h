// One way to speak to SQLite and to PostgreSQL.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace passport::service {

/// Null, BIGINT, TEXT, and BLOB or BYTEA.
using SqlValue = std::variant<std::monostate, std::int64_t, std::string, Bytes>;

/// One row of an answer, by column. What is null or of another type reads as 0 or empty.
class SqlRow {
 public:
  explicit SqlRow(std::vector<SqlValue> values) : values_(std::move(values)) {}

  bool is_null(std::size_t column) const {
    return column >= values_.size() || std::holds_alternative<std::monostate>(values_[column]);
  }
  std::int64_t integer(std::size_t column) const { return get<std::int64_t>(column); }
  std::string text(std::size_t column) const { return get<std::string>(column); }
  Bytes bytes(std::size_t column) const { return get<Bytes>(column); }

 private:
  template <class T>
  T get(std::size_t column) const {
    if (column >= values_.size()) return T{};
    const auto* value = std::get_if<T>(&values_[column]);
    return value == nullptr ? T{} : *value;
  }
  std::vector<SqlValue> values_;
};
using SqlRows = std::vector<SqlRow>;

inline constexpr std::size_t kMaxSqlRows = 100'000;  ///< of an answer

enum class SqlDialect { kSqlite, kPostgres };

/// What an error of the last call means for the transaction.
enum class SqlFault {
  kNone,   ///< nothing, or an error of the statement's own
  kAgain,  ///< another transaction was in the way: it has to begin anew
  kLost,   ///< the connection is gone
};

/// A connection to a database. It blocks, for no longer than its deadlines. Not thread-safe.
class SqlConnection {
 public:
  virtual ~SqlConnection() = default;
  virtual SqlDialect dialect() const = 0;

  /// One statement with parameters $1, $2, ... Errors: kConflict: a constraint says no, and
  /// which; kTooLarge: more rows than kMaxSqlRows; kUnavailable, see fault(); kInternal: the
  /// statement itself.
  virtual Result<SqlRows> query(const std::string& sql,
                                const std::vector<SqlValue>& parameters) = 0;
  /// Several statements without parameters.
  virtual Result<void> run_script(const std::string& sql) = 0;
  virtual SqlFault fault() const = 0;
};

/// `where`: "sqlite:PATH", or "postgresql://..." as libpq has it. Errors: kConfig: another
/// form; kUnavailable.
Result<std::unique_ptr<SqlConnection>> connect_database(const std::string& where);
Result<std::unique_ptr<SqlConnection>> connect_sqlite(const std::string& path);
Result<std::unique_ptr<SqlConnection>> connect_postgres(const std::string& uri);

}  // namespace passport::service
