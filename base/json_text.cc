#include "base/json_text.h"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/harmless.h"
#include "base/text.h"

namespace passport {
namespace {

constexpr std::uint32_t kReplacement = 0xfffd;

bool is_ascii(char c) {
  return c >= ' ' && c <= '~';
}

}  // namespace

std::string render_json(const json::value& value) {
  const auto text = json::serialize(value);
  std::string out;
  out.reserve(text.size());
  for (std::string_view rest = text; !rest.empty();) {
    std::uint32_t c = kReplacement;
    const auto size = is_ascii(rest.front()) ? 1 : decode_utf8(rest, c);
    // Outside of strings JSON is ASCII, and what is harmful has four digits.
    if (is_ascii(rest.front()) || (size > 0 && is_harmless(c)))
      out += rest.substr(0, size);
    else
      out += fmt::format("\\u{:04x}", size > 0 ? c : kReplacement);
    rest.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

}  // namespace passport
