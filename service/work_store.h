// Work on requests in the database: who is at it, and what is due.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "service/request_store.h"

namespace passport::service {

/// A request that is this process's to work at, until its lease ends or somebody else takes it:
/// then its fence has grown.
struct Claim {
  std::string request;
  std::int64_t fence = 0;
};

/// Two at once do no harm but work: instances heed the highest generation.
inline constexpr Millis kLease = 20 * kSecond;

/// The request that has waited longest; nullopt: nothing is due.
Result<std::optional<Claim>> claim_work(SqlTransaction& transaction);

/// Loads and locks the request; nullopt: it is not ours any more.
Result<std::optional<StoredRequest>> load_claimed(SqlTransaction& transaction,
                                                  const Claim& claim);

/// Gives it back; it is due again at `next_at`.
Result<void> release_work(SqlTransaction& transaction, const Claim& claim, Millis next_at);

/// Ids of SSM sessions of the request that have not ended.
Result<std::vector<std::string>> list_open_sessions(SqlTransaction& transaction,
                                                    const std::string& request);
Result<void> end_session(SqlTransaction& transaction, const std::string& session,
                         const std::string& reason);

}  // namespace passport::service
