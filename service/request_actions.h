// What people do with access requests, each within one transaction.
#pragma once
#include <string>

#include "service/authorise.h"
#include "service/authorities.h"
#include "service/request_store.h"

namespace passport::service {

/// What an action needs besides the transaction.
struct ActionContext {
  const Config& config;
  const Subject& subject;
  const RandomSource& random;
};

/// A new request, pending or provisioning; with a key that was used before for the same, the
/// request made then. The subject is authorised by the caller, here as in all of these.
/// Errors: kUsage: the account or its settings say no; kConflict: the key was used for another.
Result<AccessRequest> create_request(SqlTransaction& transaction, const ActionContext& context,
                                     const NewRequest& wanted,
                                     const std::string& idempotency_key);

/// Errors: kConflict, kUsage: see find_extended_end().
Result<void> extend_request(SqlTransaction& transaction, const ActionContext& context,
                            StoredRequest& stored, std::chrono::seconds by);

/// Ends it; one that is ending or over is left as it is.
Result<void> complete_request(SqlTransaction& transaction, const ActionContext& context,
                              StoredRequest& stored);

/// Errors: kConflict: not pending, or the subject has approved it before.
Result<void> approve_request(SqlTransaction& transaction, const ActionContext& context,
                             StoredRequest& stored);
Result<void> deny_request(SqlTransaction& transaction, StoredRequest& stored);

/// {"id", "state", ..., "instances": [...]}: as the API shows it. Times are Unix seconds.
json::object describe_request(const AccessRequest& request);
/// Of tags those that the account's configuration lets through.
json::object describe_request(const AccessRequest& request,
                              const std::vector<RequestInstance>& instances,
                              const Config& config);

}  // namespace passport::service
