#include "base/duration.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

namespace passport {

std::optional<std::chrono::seconds> parse_duration(std::string_view text,
                                                   std::chrono::seconds most) {
  long number = -1;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  const std::string_view unit(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
  const long scale = unit.empty() || unit == "s" ? 1
                     : unit == "m"               ? 60
                     : unit == "h"               ? 3600
                                                 : 0;
  if (parsed.ec != std::errc() || number < 0 || scale == 0 || number > most.count() / scale)
    return std::nullopt;
  return std::chrono::seconds(number * scale);
}

std::string describe_duration(std::chrono::seconds d) {
  struct Unit {
    std::chrono::seconds size;
    const char* name;
  };
  constexpr std::array<Unit, 4> kUnits = {{{std::chrono::hours(24), "day"},
                                           {std::chrono::hours(1), "hour"},
                                           {std::chrono::minutes(1), "minute"},
                                           {std::chrono::seconds(1), "second"}}};
  for (const auto& unit : kUnits) {
    const auto n = d / unit.size;
    if (n >= 1) return fmt::format("{} {}{}", n, unit.name, n == 1 ? "" : "s");
  }
  return "0 seconds";
}

}  // namespace passport
