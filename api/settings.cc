#include "api/settings.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include "base/config_text.h"
#include "base/text.h"
#include "wire/aws/identifiers.h"

namespace passport::api {
namespace {

constexpr std::size_t kMaxFile = 64 << 10;  ///< bytes
constexpr const char* kSystemFile = "/etc/passport/passport.conf";

constexpr std::array<SettingName, 6> kNames = {{{"service", "PASSPORT_SERVICE"},
                                                {"ca", "PASSPORT_CA"},
                                                {"token_file", "PASSPORT_TOKEN_FILE"},
                                                {"account", "PASSPORT_ACCOUNT"},
                                                {"region", "PASSPORT_REGION"},
                                                {"inventory_tags", "PASSPORT_INVENTORY_TAGS"}}};

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return c >= ' ' && c != 127; });
}

/// What stands between commas, without the spaces around it.
std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  for (bool more = true; more;) {
    const auto comma = text.find(',');
    auto word = text.substr(0, comma);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (!word.empty()) out.emplace_back(word);
    more = comma != std::string_view::npos;
    if (more) text.remove_prefix(comma + 1);
  }
  return out;
}

bool is_account(std::string_view text) {
  return text.size() == 12 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Whether the value can be one of the key; unknown keys have none.
bool set(Settings& into, std::string_view key, std::string_view value) {
  const std::pair<std::string_view, std::string*> places[] = {
      {"service", &into.service.url},
      {"ca", &into.service.ca_file},
      {"token_file", &into.service.token_file},
      {"account", &into.account},
      {"region", &into.region}};
  if (value.empty() || !is_plain(value)) return false;
  if (key == "account" && !is_account(value)) return false;
  if (key == "region" && !wire::aws::is_region(value)) return false;
  if ((key == "ca" || key == "token_file") && !value.starts_with('/')) return false;
  for (const auto& [name, place] : places)
    if (name == key) place->assign(value);
  if (key == "inventory_tags") into.inventory_tags = split_list(value);
  return true;
}

bool is_key(std::string_view key) {
  return std::any_of(kNames.begin(), kNames.end(),
                     [key](const SettingName& name) { return name.key == key; });
}

/// A file that is not there says nothing.
Result<void> read_file(const std::string& path, bool must, Settings& into) {
  std::ifstream file(path, std::ios::binary);
  if (!file && !must) return {};
  std::string text(kMaxFile + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad() || (text.empty() && !file.eof()) || text.size() > kMaxFile)
    return Error{Errc::kConfig, escape_for_terminal(path) + ": it cannot be read"};
  if (auto good = read_settings(text, into); !good)
    return Error{Errc::kConfig, escape_for_terminal(path) + ": " + good.error().detail};
  return {};
}

/// $NAME if it is an absolute path, else HOME and `otherwise`.
std::string base_directory(const aws::Environment& environment, std::string_view name,
                           std::string_view otherwise) {
  auto set = aws::find_variable(environment, name);
  if (set.starts_with('/')) return set;
  const auto home = aws::find_variable(environment, "HOME");
  return home.starts_with('/') ? home + std::string(otherwise) : std::string();
}

}  // namespace

std::span<const SettingName> setting_names() {
  return kNames;
}

std::vector<std::string> settings_files(const aws::Environment& environment) {
  if (auto named = aws::find_variable(environment, "PASSPORT_CONFIG"); !named.empty())
    return {std::move(named)};
  std::vector<std::string> out = {kSystemFile};
  const auto own = base_directory(environment, "XDG_CONFIG_HOME", "/.config");
  if (!own.empty()) out.push_back(own + "/passport/passport.conf");
  return out;
}

Result<void> read_settings(std::string_view text, Settings& into) {
  const auto lines = parse_config_text(text);
  if (!lines) return lines.error();
  std::set<std::string_view> seen;
  for (const auto& line : *lines) {
    std::string what;
    if (!is_key(line.key))
      what = fmt::format("unknown {} \"{}\"", line.key.empty() ? "section" : "key",
                         escape_for_terminal(line.key.empty() ? line.section : line.key));
    else if (!seen.insert(line.key).second)
      what = fmt::format("\"{}\" is set twice", line.key);
    else if (!set(into, line.key, line.value))
      what = fmt::format("\"{}\" cannot be \"{}\"", line.key, escape_for_terminal(line.value));
    if (!what.empty())
      return Error{Errc::kConfig, fmt::format("line {}: {}", line.number, what)};
  }
  return {};
}

Result<Settings> load_settings(const aws::Environment& environment) {
  Settings out;
  const auto state = base_directory(environment, "XDG_STATE_HOME", "/.local/state");
  if (!state.empty()) out.service.token_file = state + "/passport/token";
  const bool named = !aws::find_variable(environment, "PASSPORT_CONFIG").empty();
  for (const auto& path : settings_files(environment))
    if (auto good = read_file(path, named, out); !good) return good.error();
  for (const auto& [key, variable] : kNames) {
    const auto value = aws::find_variable(environment, variable);
    if (!value.empty() && !set(out, key, value))
      return Error{Errc::kConfig,
                   fmt::format("{} cannot be \"{}\"", variable, escape_for_terminal(value))};
  }
  return out;
}

Result<Settings> load_service_settings(const aws::Environment& environment) {
  auto out = load_settings(environment);
  if (!out) return out;
  if (out->service.url.empty())
    return Error{Errc::kConfig, "no passportd is named",
                 "set \"service = https://...\" in ~/.config/passport/passport.conf"};
  if (out->service.token_file.empty())
    return Error{Errc::kConfig, "no place for a token: neither XDG_STATE_HOME nor HOME is set"};
  return out;
}

}  // namespace passport::api
