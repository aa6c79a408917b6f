// How often AWS was asked what people call their instances.
#pragma once
#include <cstdint>

namespace passport::service {

/// Lookups since the start, by how they ended.
struct LabelCounts {
  std::uint64_t good = 0;
  std::uint64_t failed = 0;
};

}  // namespace passport::service
