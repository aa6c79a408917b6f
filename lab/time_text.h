// Moments as AWS writes them.
#pragma once
#include <cstdint>
#include <string>

namespace passport::lab {

/// "2026-11-22T18:05:00Z".
std::string format_iso_time(std::int64_t unix_s);
/// "20261122T180500Z".
std::string format_amz_date(std::int64_t unix_s);

}  // namespace passport::lab
