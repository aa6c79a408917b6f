#include "client/copy/byte_ranges.h"

#include <algorithm>

namespace passport::copy {

void ByteRanges::add(Range range) {
  if (range.from >= range.to) return;
  auto at = ranges_.upper_bound(range.from);
  if (at != ranges_.begin() && std::prev(at)->second >= range.from) --at;
  while (at != ranges_.end() && at->first <= range.to) {
    range.from = std::min(range.from, at->first);
    range.to = std::max(range.to, at->second);
    total_ -= at->second - at->first;
    at = ranges_.erase(at);
  }
  ranges_.emplace_hint(at, range.from, range.to);
  total_ += range.size();
}

void ByteRanges::remove(Range range) {
  if (range.from >= range.to) return;
  add(range);  // so that it lies within one
  const auto at = std::prev(ranges_.upper_bound(range.from));
  const Range whole{at->first, at->second};
  ranges_.erase(at);
  total_ -= whole.size();
  add({whole.from, range.from});
  add({range.to, whole.to});
}

bool ByteRanges::covers(Range range) const {
  const auto after = ranges_.upper_bound(range.from);
  return range.from >= range.to ||
         (after != ranges_.begin() && std::prev(after)->second >= range.to);
}

std::optional<Range> ByteRanges::find_gap(std::uint64_t from, std::uint64_t end,
                                          std::uint64_t most) const {
  auto after = ranges_.upper_bound(from);
  if (after != ranges_.begin()) from = std::max(from, std::prev(after)->second);
  if (from >= end) return std::nullopt;
  const auto until = after == ranges_.end() ? end : std::min(end, after->first);
  return Range{from, std::min(until, from + most)};
}

}  // namespace passport::copy
