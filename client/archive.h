// A compressed tar, made in memory.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace passport::client {

struct ArchiveEntry {
  std::string name{};  ///< a relative path
  std::string content{};
};

/// Regular files of mode 0600 and of that time, in this order, as pax tar with gzip. Errors:
/// kInternal.
Result<std::string> make_archive(const std::vector<ArchiveEntry>& entries,
                                 std::int64_t unix_time);

}  // namespace passport::client
