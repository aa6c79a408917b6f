// Times as people write them on a command line.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace passport {

/// "90", "90s", "10m" or "12h", at most `most`; nullopt for anything else.
std::optional<std::chrono::seconds> parse_duration(std::string_view text,
                                                   std::chrono::seconds most);

/// "3 minutes", "2 days": the largest unit, rounded down.
std::string describe_duration(std::chrono::seconds d);

}  // namespace passport
