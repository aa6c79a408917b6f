#include "base/config_text.h"

#include <algorithm>

namespace passport {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

Error wrong(std::size_t number, const char* what) {
  return {Errc::kConfig, "line " + std::to_string(number) + ": " + what};
}

}  // namespace

Result<std::vector<ConfigLine>> parse_config_text(std::string_view text) {
  std::vector<ConfigLine> out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with('[')) {
      const auto section = trim(line.substr(1, line.size() - 1 - line.ends_with(']')));
      if (!line.ends_with(']') || section.empty())
        return wrong(number, "not a section \"[...]\"");
      out.push_back({number, section});
      continue;
    }
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || trim(line.substr(0, equals)).empty())
      return wrong(number, "neither \"key = value\" nor a section");
    out.push_back({number, {}, trim(line.substr(0, equals)), trim(line.substr(equals + 1))});
  }
  return out;
}

}  // namespace passport
