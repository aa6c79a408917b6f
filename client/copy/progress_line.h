// The line on the terminal that tells how far a copy is.
#pragma once
#include <chrono>

#include "client/copy/text.h"

namespace passport::copy {

/// On standard error, when that is a terminal that can take a line back. Lines of the log go
/// above it. One at a time.
class ProgressLine {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit ProgressLine(bool quiet);
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  bool enabled() const { return enabled_; }
  /// Its rate is found here. Not more often than is of use.
  void show(Time now, Progress progress);
  void clear();
  /// In its place, to stay.
  void conclude(const std::string& text);

 private:
  bool enabled_;
  RateMeter meter_;
  Time next_{};
};

}  // namespace passport::copy
