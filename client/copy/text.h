// What a person sees of a copy under way. Pure: time is an argument.
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace passport::copy {

/// "512 B", "45.2 MiB".
std::string render_size(std::uint64_t bytes);

/// "7 s", "3:07", "1:02:05".
std::string render_time(std::chrono::seconds time);

/// Bytes a second, over the last seconds.
class RateMeter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kSpan{5};

  void add(Time now, std::uint64_t total);
  /// 0 until there is something to tell it from.
  double rate() const;

 private:
  struct Sample {
    Time at;
    std::uint64_t total;
  };
  std::deque<Sample> samples_;
};

struct Progress {
  std::string name{};  ///< of the file, when there is one alone
  std::uint64_t done = 0;
  std::uint64_t fetched = 0;  ///< of them, by this run
  std::uint64_t bytes = 0;
  std::size_t files_done = 0;
  std::size_t files = 0;
  bool all_found = true;  ///< there may be more
  unsigned sessions = 0;
  double rate = 0;
};
/// One line of at most `width` characters, without a line feed.
std::string render_progress(const Progress& progress, std::size_t width);

}  // namespace passport::copy
