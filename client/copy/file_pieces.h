// Which session copies which bytes of a file. Pure: time is an argument. Not thread-safe.
#pragma once
#include <chrono>
#include <map>
#include <optional>

#include "client/copy/byte_ranges.h"

namespace passport::copy {

class FilePieces {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `done`: bytes that are there already.
  FilePieces(std::uint64_t size, ByteRanges done)
      : size_(size), done_(std::move(done)), taken_(done_) {}

  /// Bytes that nobody copies, at most `most`: the worker's to copy from now on.
  std::optional<Range> claim(int worker, std::uint64_t most, Time now);
  /// Bytes that another worker has been copying since before `before`, so that one that is slow
  /// does not hold up the end; of each, one more worker has them.
  std::optional<Range> claim_late(int worker, Time before);

  /// The worker has got these bytes, which are its range or the beginning of it: false when
  /// they are not wanted any more; else finish() must follow.
  bool begin_write(Range range);
  void finish(Range range);
  /// What the worker still has is for others again.
  void give_back(int worker);

  bool complete() const { return done_.total() == size_; }
  std::uint64_t unclaimed() const { return size_ - taken_.total(); }
  /// Whether claim_late() may have something for somebody.
  bool has_late(Time before) const;
  const ByteRanges& done() const { return done_; }
  std::uint64_t size() const { return size_; }

 private:
  struct Claim {
    std::uint64_t to;
    int worker;
    int second;  ///< kNobody, or who tries as well
    Time since;
    bool writing;
  };
  static constexpr int kNobody = -1;

  std::uint64_t size_;
  ByteRanges done_;
  ByteRanges taken_;  ///< done or claimed
  std::map<std::uint64_t, Claim> claims_{};
};

}  // namespace passport::copy
