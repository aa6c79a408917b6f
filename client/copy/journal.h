// How far a copy has come that was broken off: a small file beside what there is of it. Pure.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "client/copy/byte_ranges.h"

namespace passport::copy {

inline constexpr std::size_t kMaxJournal = 256 << 10;  ///< bytes

/// {"version":1,"source":TEXT,"size":N,"mtime":N,"done":[[FROM,TO],...]}
struct Journal {
  std::string source{};    ///< SHA-256 of what was copied to where, in hexadecimal
  std::uint64_t size = 0;  ///< of the source, in bytes
  std::int64_t mtime = 0;  ///< of the source; in what unit is for its user to know
  ByteRanges done{};

  /// Whether both are of the same file as it was.
  bool same_source(const Journal& other) const {
    return source == other.source && size == other.size && mtime == other.mtime;
  }
  bool operator==(const Journal&) const = default;
};

/// Of very many ranges the first are left out: they are copied again.
std::string serialize_journal(const Journal& journal);
/// Errors: kMalformed: also ranges that are empty, out of order, or reach beyond the size.
Result<Journal> parse_journal(std::string_view text);

}  // namespace passport::copy
