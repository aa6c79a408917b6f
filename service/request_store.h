// Access requests in the database.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "service/access_request.h"
#include "service/database.h"

namespace passport::service {

/// A request that is locked in its transaction, with what only the service needs of it.
struct StoredRequest {
  AccessRequest request;
  std::string ended_by;  ///< who completed it; empty: nobody, its time
};

/// nullopt: there is none. Locks it: nobody else changes it before the transaction is over.
Result<std::optional<StoredRequest>> load_request(SqlTransaction& transaction,
                                                  const std::string& id);
/// The one that `owner` created with this key, and the digest of what was asked for then.
struct IdempotentRequest {
  std::string id;
  std::string digest;
};
Result<std::optional<IdempotentRequest>> find_idempotent(SqlTransaction& transaction,
                                                         const std::string& owner,
                                                         const std::string& key);

/// `idempotency_key`: empty: none. Errors: kConflict: the key was used a moment ago.
Result<void> insert_request(SqlTransaction& transaction, const AccessRequest& request,
                            const std::vector<std::string>& instances,
                            const std::string& idempotency_key, const std::string& digest);

/// Writes state, times, generation and who ended it; work on it is due at once.
Result<void> update_request(SqlTransaction& transaction, const StoredRequest& stored);

Result<std::vector<RequestInstance>> load_instances(SqlTransaction& transaction,
                                                    const std::string& request);
Result<void> update_instance(SqlTransaction& transaction, const std::string& request,
                             const RequestInstance& instance);
/// All of the request's instances that are in one of these states.
Result<void> move_instances(SqlTransaction& transaction, const std::string& request,
                            const std::vector<InstanceState>& from, InstanceState to);

/// The newest first, at most `limit`: those of `owner`, and all of these accounts.
Result<std::vector<AccessRequest>> list_requests(SqlTransaction& transaction,
                                                 const std::string& owner,
                                                 const std::vector<std::string>& accounts,
                                                 std::int64_t limit);

/// The owner's that are not over: the newest first, at most `limit`; and the instances of all.
Result<std::vector<AccessRequest>> list_open_requests(SqlTransaction& transaction,
                                                      const std::string& owner,
                                                      std::int64_t limit);
Result<std::map<std::string, std::vector<RequestInstance>>> load_open_instances(
    SqlTransaction& transaction, const std::string& owner);

/// False: `approver` has done so before.
Result<bool> insert_approval(SqlTransaction& transaction, const std::string& request,
                             const std::string& approver);
Result<std::int64_t> count_approvals(SqlTransaction& transaction, const std::string& request);

}  // namespace passport::service
