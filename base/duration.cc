#include "base/duration.h"

#include <charconv>

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

}  // namespace passport
