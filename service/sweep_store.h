// Which instances are to be swept, and when.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "service/access_request.h"
#include "service/database.h"
#include "service/instance_script.h"

namespace passport::service {

inline constexpr Millis kSweepEach = 24 * 3600 * kSecond;         ///< an instance
inline constexpr Millis kSweepFor = 30 * kSweepEach;              ///< after its last request
inline constexpr Millis kSweepAgain = 15 * 60 * kSecond;          ///< after a failure; doubled
inline constexpr Millis kSweepLongestPause = 4 * 3600 * kSecond;  ///< between failures
inline constexpr Millis kSweepLease = 10 * 60 * kSecond;

/// Instances of one account and region that are due, for nobody else until kSweepLease has
/// passed.
struct SweepBatch {
  std::string account{};
  std::string region{};
  std::vector<std::string> instances{};
  std::vector<std::string> live{};  ///< users of requests that are not over, on any of these
  Millis issued = 0;                ///< when they were
};

/// At a request's end: its instances, at once those whose user may still be there.
Result<void> plan_sweeps(SqlTransaction& transaction, const std::string& request);

Result<std::optional<SweepBatch>> claim_sweep(SqlTransaction& transaction);

/// What became of one; nullopt: there was no answer. Users that were removed are logged.
Result<void> take_sweep(SqlTransaction& transaction, const SweepBatch& batch,
                        const std::string& instance, const std::optional<ScriptAnswer>& answer);

}  // namespace passport::service
