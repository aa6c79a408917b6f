// What the service publishes about itself.
#pragma once
#include <cstdint>
#include <map>

#include "service/api_answer.h"
#include "service/database.h"
#include "service/label_counts.h"

namespace passport::service {

/// A key revocation list: certificates of requests that ended before them, until some time
/// after their own end.
Result<ApiAnswer> read_revocations(SqlTransaction& transaction);

/// In Prometheus' form. `answered`: calls by status.
Result<ApiAnswer> read_metrics(SqlTransaction& transaction,
                               const std::map<int, std::uint64_t>& answered,
                               const LabelCounts& labels);

}  // namespace passport::service
