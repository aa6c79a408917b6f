// The Logbook: entries that hold each other, so that none can be changed, lost or moved unseen.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "service/sql.h"

namespace passport::service {

class SqlTransaction;

/// What somebody did, or was refused. Never a secret.
struct LogEntry {
  std::string actor;    ///< a user, or "passportd"
  std::string action;   ///< "request.create"
  std::string object;   ///< what it was about: a request's id, ...; may be empty
  std::string outcome;  ///< "ok", "denied", ...
  json::object details{};
};

/// As it stands in the Logbook.
struct LogRecord {
  std::int64_t sequence = 0;  ///< 1, 2, 3, ...
  std::int64_t at = 0;        ///< Unix ms
  std::string actor;
  std::string action;
  std::string object;
  std::string outcome;
  std::string details;   ///< JSON text
  std::string previous;  ///< hash of the record before; kFirstPrevious at the first
  std::string hash;
};

inline constexpr std::string_view kFirstPrevious =
    "0000000000000000000000000000000000000000000000000000000000000000";

/// SHA-256, in hexadecimal, of all that a record says and of the one before it. Each part
/// stands with its length, so that no two records read the same.
std::string hash_record(const LogRecord& record);

/// Appends in the transaction: what is not logged does not take place. Errors: as
/// SqlTransaction::query().
Result<void> append_log(SqlTransaction& transaction, const LogEntry& entry);

}  // namespace passport::service
