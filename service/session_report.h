// What whoever used a session says of it at its end.
#pragma once
#include <string>

#include "base/json.h"
#include "service/database.h"

namespace passport::service {

/// Keeps {"bytes_sent", "bytes_received", "resumes", "reason"?} as claims, apart from what the
/// service knows itself; the first report of a session counts. Returns what the Logbook is
/// told. Errors: kUsage, naming the field; kConflict: no session of this request, or reported
/// before.
Result<json::object> report_session(SqlTransaction& transaction, const std::string& request,
                                    const std::string& session, const json::object& body);

}  // namespace passport::service
