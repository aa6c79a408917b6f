#include "client/copy/text.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace passport::copy {

std::string render_size(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  const char* const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  // As it is shown: 1023.97 would be 1024.0.
  for (; size >= 1023.95 && unit + 1 < std::size(units); ++unit) size /= 1024;
  return fmt::format("{:.1f} {}", size, units[unit]);
}

std::string render_time(std::chrono::seconds time) {
  const auto s = time.count();
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

void RateMeter::add(Time now, std::uint64_t total) {
  samples_.push_back({now, total});
  while (samples_.size() > 2 && samples_[1].at <= now - kSpan) samples_.pop_front();
}

double RateMeter::rate() const {
  if (samples_.size() < 2) return 0;
  const auto& first = samples_.front();
  const auto& last = samples_.back();
  const std::chrono::duration<double> time = last.at - first.at;
  if (time.count() <= 0 || last.total < first.total) return 0;
  return static_cast<double>(last.total - first.total) / time.count();
}

std::string render_progress(const Progress& progress, std::size_t width) {
  constexpr std::int64_t kLongest = 100 * 3600;  // seconds that are worth showing
  std::vector<std::string> parts;
  parts.push_back(fmt::format("{} of {}{}", render_size(progress.done),
                              render_size(progress.bytes),
                              progress.all_found ? "" : " or more"));
  if (progress.rate > 0) {
    parts.push_back(render_size(static_cast<std::uint64_t>(progress.rate)) + "/s");
    const auto left =
        static_cast<double>(progress.bytes - std::min(progress.done, progress.bytes));
    const auto seconds = left / progress.rate;
    if (progress.all_found && seconds < kLongest)
      parts.push_back(
          render_time(std::chrono::seconds(static_cast<std::int64_t>(seconds) + 1)) + " left");
  }
  if (progress.files > 1)
    parts.push_back(fmt::format("{} of {} files", progress.files_done, progress.files));
  if (progress.sessions > 1) parts.push_back(fmt::format("{} sessions", progress.sessions));
  std::string line;
  for (const auto& part : parts) {
    if (line.size() + part.size() + 2 > width && !line.empty()) break;
    line += (line.empty() ? "" : "  ") + part;
  }
  const auto name = escape_for_terminal(progress.name, 200);
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x80;  // how wide others are is not known
  });
  if (!name.empty() && plain && line.size() + name.size() + 2 <= width)
    line = name + "  " + line;
  return line.substr(0, width);
}

}  // namespace passport::copy
