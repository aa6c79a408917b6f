#include <array>
#include <charconv>
#include <map>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "base/text.h"
#include "service/sql.h"

namespace passport::service {
namespace {

constexpr std::size_t kMaxStatements = 256;
constexpr Oid kBytea = 17;  // pg_type.dat
constexpr Oid kInt8 = 20;
constexpr Oid kInt4 = 23;

struct Close {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Close>;

/// What the URI does not set: deadlines, so that nothing waits for ever; and each statement
/// planned for the table as it now is, since a plan kept from a small table reads a big one
/// from end to end.
constexpr std::array<std::pair<const char*, const char*>, 4> kSettings = {
    {{"connect_timeout", "10"},
     {"tcp_user_timeout", "30000"},
     {"application_name", "passportd"},
     {"options",
      "-c statement_timeout=30s -c lock_timeout=10s"
      " -c idle_in_transaction_session_timeout=60s"
      " -c plan_cache_mode=force_custom_plan"}}};

SqlValue read_field(const PGresult* answer, int row, int column) {
  if (PQgetisnull(answer, row, column) != 0) return std::monostate{};
  const char* text = PQgetvalue(answer, row, column);
  const auto size = static_cast<std::size_t>(PQgetlength(answer, row, column));
  const Oid type = PQftype(answer, column);
  if (type == kInt8 || type == kInt4) {
    std::int64_t value = 0;
    std::from_chars(text, text + size, value);
    return value;
  }
  if (type != kBytea) return std::string(text, size);
  Bytes out;  // "\x" and hexadecimal digits: bytea_output's usual form
  for (std::size_t i = 2; i + 1 < size; i += 2)
    out.push_back(static_cast<std::uint8_t>(hex_value(text[i]) << 4 | hex_value(text[i + 1])));
  return out;
}

/// Parameters as libpq takes them: numbers and text as text of a type that the server finds,
/// bytes as they are.
struct Parameters {
  explicit Parameters(const std::vector<SqlValue>& given) {
    texts.reserve(given.size());
    for (const auto& value : given) {
      const auto* bytes = std::get_if<Bytes>(&value);
      if (bytes != nullptr)
        texts.emplace_back(bytes->begin(), bytes->end());
      else if (const auto* number = std::get_if<std::int64_t>(&value))
        texts.push_back(std::to_string(*number));
      else
        texts.push_back(std::holds_alternative<std::string>(value)
                            ? std::get<std::string>(value)
                            : std::string());
      const bool null = std::holds_alternative<std::monostate>(value);
      values.push_back(null ? nullptr : texts.back().data());
      lengths.push_back(static_cast<int>(texts.back().size()));
      formats.push_back(bytes != nullptr ? 1 : 0);
    }
  }
  std::vector<std::string> texts;
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
};

bool has_nul(const std::vector<SqlValue>& parameters) {
  for (const auto& value : parameters)
    if (const auto* text = std::get_if<std::string>(&value))
      if (text->find('\0') != std::string::npos) return true;
  return false;
}

class PostgresConnection final : public SqlConnection {
 public:
  static Result<std::unique_ptr<SqlConnection>> open(const std::string& uri) {
    std::vector<const char*> names;
    std::vector<const char*> values;
    for (const auto& [name, value] : kSettings) {
      names.push_back(name);
      values.push_back(value);
    }
    names.push_back("dbname");  // a whole URI; what it sets comes after the above and counts
    values.push_back(uri.c_str());
    names.push_back(nullptr);
    values.push_back(nullptr);
    auto out = std::unique_ptr<PostgresConnection>(
        new PostgresConnection(PQconnectdbParams(names.data(), values.data(), 1)));
    if (PQstatus(out->connection_.get()) != CONNECTION_OK)
      return Error{Errc::kUnavailable, "database: " + out->words()};
    PQsetNoticeProcessor(
        out->connection_.get(), [](void*, const char*) {}, nullptr);  // not to stderr
    return std::unique_ptr<SqlConnection>(std::move(out));
  }

  SqlDialect dialect() const override { return SqlDialect::kPostgres; }
  SqlFault fault() const override { return fault_; }

  Result<SqlRows> query(const std::string& sql,
                        const std::vector<SqlValue>& parameters) override {
    fault_ = SqlFault::kNone;
    if (has_nul(parameters)) return Error{Errc::kUsage, "text with a NUL"};
    const auto name = prepare(sql);
    if (!name) return name.error();
    const Parameters given(parameters);
    const Answer answer(PQexecPrepared(connection_.get(), name->c_str(),
                                       static_cast<int>(parameters.size()), given.values.data(),
                                       given.lengths.data(), given.formats.data(), 0));
    const auto status = PQresultStatus(answer.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) return failure(answer.get());
    const int rows = PQntuples(answer.get());
    if (static_cast<std::size_t>(rows) > kMaxSqlRows)
      return Error{Errc::kTooLarge, "database: too many rows"};
    SqlRows out;
    for (int row = 0; row < rows; ++row) {
      std::vector<SqlValue> values;
      for (int column = 0; column < PQnfields(answer.get()); ++column)
        values.push_back(read_field(answer.get(), row, column));
      out.emplace_back(std::move(values));
    }
    return out;
  }

  Result<void> run_script(const std::string& sql) override {
    fault_ = SqlFault::kNone;
    const Answer answer(PQexec(connection_.get(), sql.c_str()));
    const auto status = PQresultStatus(answer.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) return failure(answer.get());
    return {};
  }

 private:
  explicit PostgresConnection(PGconn* connection) : connection_(connection) {}

  Result<std::string> prepare(const std::string& sql) {
    const auto known = statements_.find(sql);
    if (known != statements_.end()) return known->second;
    if (statements_.size() >= kMaxStatements) {
      const Answer forgotten(PQexec(connection_.get(), "DEALLOCATE ALL"));
      statements_.clear();
    }
    auto name = fmt::format("s{}", statements_.size());
    const Answer answer(PQprepare(connection_.get(), name.c_str(), sql.c_str(), 0, nullptr));
    if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK) return failure(answer.get());
    statements_.emplace(sql, name);
    return name;
  }

  std::string words() const {
    std::string_view text = PQerrorMessage(connection_.get());
    while (text.ends_with('\n')) text.remove_suffix(1);
    return escape_for_terminal(text);
  }

  /// Classes of SQLSTATE: PostgreSQL manual, appendix A.
  Error failure(const PGresult* answer) {
    const char* state = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
    const std::string_view code = state == nullptr ? "" : state;
    const auto* primary = PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY);
    const auto what =
        "database: " + (primary == nullptr ? words() : escape_for_terminal(primary));
    if (PQstatus(connection_.get()) != CONNECTION_OK || code.starts_with("57P") ||
        code.empty()) {
      fault_ = SqlFault::kLost;
      return {Errc::kUnavailable, what};
    }
    if (code.starts_with("40") || code == "55P03") {
      fault_ = SqlFault::kAgain;
      return {Errc::kUnavailable, what};
    }
    if (code.starts_with("23") || code == "P0001") return {Errc::kConflict, what};
    if (code.starts_with("53") || code.starts_with("58") || code == "57014")
      return {Errc::kUnavailable, what};
    return {Errc::kInternal, what};
  }

  std::unique_ptr<PGconn, Close> connection_;
  std::map<std::string, std::string, std::less<>> statements_;
  SqlFault fault_ = SqlFault::kNone;
};

}  // namespace

Result<std::unique_ptr<SqlConnection>> connect_postgres(const std::string& uri) {
  return PostgresConnection::open(uri);
}

Result<std::unique_ptr<SqlConnection>> connect_database(const std::string& where) {
  if (where.starts_with("sqlite:")) return connect_sqlite(where.substr(7));
  if (where.starts_with("postgresql:") || where.starts_with("postgres:"))
    return connect_postgres(where);
  return Error{Errc::kConfig, "database: neither sqlite:PATH nor postgresql://..."};
}

}  // namespace passport::service
