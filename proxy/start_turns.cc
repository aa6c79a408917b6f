#include "proxy/start_turns.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace passport::proxy {

StartTurns StartTurns::parse(std::string_view text) {
  const auto space = text.find(' ');
  const auto line = text.find('\n');
  if (text.size() > kMaxText || space == std::string_view::npos ||
      line == std::string_view::npos || line < space || line + 1 != text.size())
    return {};
  std::int64_t next = 0;
  const auto* end = text.data() + line;
  const auto parsed = std::from_chars(text.data() + space + 1, end, next);
  if (parsed.ec != std::errc() || parsed.ptr != end || next < 0) return {};
  return {std::string(text.substr(0, space)), Time(next)};
}

std::string StartTurns::serialize() const {
  return fmt::format("{} {}\n", boot, next.count());
}

std::optional<StartTurns::Time> StartTurns::take(std::string_view boot_now, Time now,
                                                 unsigned rate) {
  constexpr Time kSecond = std::chrono::seconds(1);
  if (boot != boot_now || next > now + kLongestWait + kSecond) next = Time{};
  const auto turn = std::max(next, now);
  if (turn > now + kLongestWait) return std::nullopt;
  boot = boot_now;
  next = turn + kSecond / std::clamp(rate, 1U, kMaxRate);
  return turn;
}

}  // namespace passport::proxy
