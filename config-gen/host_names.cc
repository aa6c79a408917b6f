#include "config-gen/host_names.h"

#include "base/text.h"

namespace passport::config_gen {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// An id, or what somebody might take for one.
bool looks_like_id(std::string_view text) {
  if (text.starts_with("mi-")) text.remove_prefix(1);
  return text.starts_with("i-") &&
         text.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
}

}  // namespace

std::string make_alias(std::string_view name) {
  std::string out;
  for (const char c : to_lower(name.substr(0, 4 * kMaxAlias))) {
    const bool inner = c == '_' && !out.empty();
    if (is_letter_or_digit(c) || inner)
      out += c;
    else if (!out.empty() && out.back() != '-')
      out += '-';
  }
  out.resize(std::min(out.size(), kMaxAlias));
  while (!out.empty() && !is_letter_or_digit(out.back())) out.pop_back();
  return looks_like_id(out) || out == "localhost" ? "" : out;
}

std::map<std::string, std::string> find_aliases(const std::vector<const api::Host*>& hosts) {
  std::map<std::string, std::string> out;
  std::map<std::string, int> bearers;
  for (const auto* host : hosts) {
    auto alias = make_alias(host->name);
    if (alias.empty()) continue;
    ++bearers[alias];
    out.emplace(host->id, std::move(alias));
  }
  for (auto& [id, alias] : out)
    if (bearers[alias] > 1) alias += "." + id;  // no name by itself has a dot
  return out;
}

}  // namespace passport::config_gen
