// Which bytes of a file there are. Pure.
#pragma once
#include <cstdint>
#include <map>
#include <optional>

namespace passport::copy {

struct Range {
  std::uint64_t from = 0;
  std::uint64_t to = 0;  ///< the byte after the last

  std::uint64_t size() const { return to - from; }
  bool operator==(const Range&) const = default;
};

/// A set of bytes, kept as ranges that neither touch nor overlap.
class ByteRanges {
 public:
  void add(Range range);
  void remove(Range range);
  bool covers(Range range) const;
  std::uint64_t total() const { return total_; }
  /// The first bytes from `from` up to `end` that are not in it, at most `most`.
  std::optional<Range> find_gap(std::uint64_t from, std::uint64_t end,
                                std::uint64_t most) const;
  /// Where each begins, and where it ends.
  const std::map<std::uint64_t, std::uint64_t>& list() const { return ranges_; }

  bool operator==(const ByteRanges&) const = default;

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_{};
  std::uint64_t total_ = 0;
};

}  // namespace passport::copy
