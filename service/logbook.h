// The Logbook: entries that hold each other, so that none can be changed, lost or moved unseen.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "service/logbook_chain.h"
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

/// Appends in the transaction: what is not logged does not take place. Errors: as
/// SqlTransaction::query().
Result<void> append_log(SqlTransaction& transaction, const LogEntry& entry);

/// Signs what the Logbook is now. nullopt: it is what it was at the last checkpoint. Errors: as
/// SqlTransaction::query(); the signer's.
Result<std::optional<Checkpoint>> append_checkpoint(SqlTransaction& transaction,
                                                    wire::ssh::Signer& signer);

/// Checkpoints after the record `after`, in order, at most `most`.
Result<std::vector<Checkpoint>> load_checkpoints(SqlConnection& connection, std::int64_t after,
                                                 std::int64_t most);

/// All that there is when it begins: records in order, checkpoints after the last record that
/// they hold. Stops at the first error of `visit`, which is its own.
Result<void> visit_logbook(SqlConnection& connection,
                           const std::function<Result<void>(const LogLine&)>& visit);

}  // namespace passport::service
