#include "service/config.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include <fmt/format.h>

#include "base/config_text.h"
#include "base/duration.h"
#include "wire/aws/identifiers.h"

namespace passport::service {
namespace {

constexpr unsigned kMaxApprovals = 16;
constexpr std::size_t kMaxTags = 50;  ///< AWS's limit for an instance

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 128 &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return c > ' ' && c < 127; });
}

bool is_account_id(std::string_view text) {
  return text.size() == 12 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Empty: some word cannot be used, or there is none.
std::set<std::string, std::less<>> parse_list(std::string_view text) {
  std::set<std::string, std::less<>> out;
  while (!text.empty()) {
    const auto end = text.find_first_of(", \t");
    const auto word = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (word.empty()) continue;
    if (!is_word(word)) return {};
    out.emplace(word);
  }
  return out;
}

template <class T>
bool set_number(T& into, std::string_view text, T least, T most) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
    return false;
  into = value;
  return true;
}

bool set_word(std::string& into, std::string_view text) {
  if (!is_word(text)) return false;
  into = text;
  return true;
}

bool set_path(std::string& into, std::string_view text) {
  return text.starts_with('/') && set_word(into, text);
}

bool set_key_place(std::string& into, std::string_view text) {
  return text.starts_with("pkcs11:") ? set_word(into, text) : set_path(into, text);
}

bool set_list(std::set<std::string, std::less<>>& into, std::string_view text) {
  into = parse_list(text);
  return !into.empty();
}

bool set_flag(bool& into, std::string_view text) {
  if (text != "yes" && text != "no") return false;
  into = text == "yes";
  return true;
}

/// "ADDRESS:PORT", "[ADDRESS]:PORT".
bool set_listen(Config& config, std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  auto address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  else if (address.find(':') != std::string_view::npos)
    return false;
  return set_word(config.listen_address, address) &&
         set_number<unsigned short>(config.listen_port, text.substr(colon + 1), 0, 65535);
}

bool set_longest(Config& config, std::string_view text) {
  const auto longest = parse_duration(text, std::chrono::hours(12));
  if (!longest || *longest < std::chrono::minutes(1)) return false;
  config.longest = *longest;
  return true;
}

bool set_role(Account& account, std::string_view text) {
  return text.starts_with("arn:aws") && text.find(":role/") != std::string_view::npos &&
         text.find(":" + account.id + ":") != std::string_view::npos &&
         set_word(account.role_arn, text);
}

bool set_tags(Account& account, std::string_view text) {
  if (text == "*") return true;
  return set_list(account.tags, text) && account.tags.size() <= kMaxTags;
}

bool set_regions(Account& account, std::string_view text) {
  return set_list(account.regions, text) &&
         std::all_of(account.regions.begin(), account.regions.end(),
                     [](const std::string& region) { return wire::aws::is_region(region); });
}

/// How a value gets to its place; false when it cannot be used.
template <class Into>
using Setter = std::function<bool(Into&, std::string_view)>;
template <class Into>
using Setters = std::map<std::string, Setter<Into>, std::less<>>;

const Setters<Config>& config_setters() {
  using V = std::string_view;
  static const Setters<Config> setters = {
      {"listen", set_listen},
      {"certificate", [](Config& c, V v) { return set_path(c.certificate, v); }},
      {"key", [](Config& c, V v) { return set_path(c.key, v); }},
      {"database", [](Config& c, V v) { return set_word(c.database, v); }},
      {"state_dir", [](Config& c, V v) { return set_path(c.state_dir, v); }},
      {"ca_ed25519", [](Config& c, V v) { return set_key_place(c.ca_ed25519, v); }},
      {"ca_rsa", [](Config& c, V v) { return set_key_place(c.ca_rsa, v); }},
      {"logbook_syslog", [](Config& c, V v) { return set_flag(c.logbook_syslog, v); }},
      {"connections",
       [](Config& c, V v) { return set_number<std::size_t>(c.connections, v, 1, 1'000'000); }},
      {"peer_connections",
       [](Config& c, V v) {
         return set_number<std::size_t>(c.peer_connections, v, 1, 1'000'000);
       }},
      {"peer_requests",
       [](Config& c, V v) { return set_number<unsigned>(c.peer_requests, v, 1, 1'000'000); }},
      {"longest", set_longest},
      {"notify", [](Config& c, V v) { return set_path(c.notify, v); }},
      {"sudo", [](Config& c, V v) { return set_flag(c.sudo, v); }}};
  return setters;
}

const Setters<Account>& account_setters() {
  using V = std::string_view;
  static const Setters<Account> setters = {
      {"regions", set_regions},
      {"role", set_role},
      {"external_id", [](Account& a, V v) { return set_word(a.external_id, v); }},
      {"admins", [](Account& a, V v) { return set_list(a.admins, v); }},
      {"observers", [](Account& a, V v) { return set_list(a.observers, v); }},
      {"approvers", [](Account& a, V v) { return set_list(a.approvers, v); }},
      {"approvals",
       [](Account& a, V v) { return set_number<unsigned>(a.approvals, v, 0, kMaxApprovals); }},
      {"break_glass", [](Account& a, V v) { return set_list(a.break_glass, v); }},
      {"tags", set_tags}};
  return setters;
}

class Parser {
 public:
  Result<Config> parse(std::string_view text) {
    const auto lines = parse_config_text(text);
    if (!lines) return lines.error();
    for (const auto& line : *lines) {
      line_ = line.number;
      if (auto good = take_line(line); !good) return good.error();
    }
    if (auto good = finish_account(); !good) return good.error();
    for (const auto* key : {&config_.certificate, &config_.key})
      if (key->empty())
        return Error{Errc::kConfig,
                     fmt::format("no {} is set", key == &config_.key ? "key" : "certificate")};
    return std::move(config_);
  }

 private:
  Error wrong(std::string what) const {
    return {Errc::kConfig, fmt::format("line {}: {}", line_, what)};
  }

  Result<void> take_line(const ConfigLine& line) {
    if (!line.section.empty()) return begin_account(line.section);
    if (!seen_.emplace(line.key).second)
      return wrong(fmt::format("\"{}\" is set twice", line.key));
    return account_ != nullptr ? set(account_setters(), *account_, line.key, line.value)
                               : set(config_setters(), config_, line.key, line.value);
  }

  template <class Into>
  Result<void> set(const Setters<Into>& setters, Into& into, std::string_view key,
                   std::string_view value) {
    const auto setter = setters.find(key);
    if (setter == setters.end()) return wrong(fmt::format("unknown key \"{}\"", key));
    if (!setter->second(into, value))
      return wrong(fmt::format("\"{}\" cannot be \"{}\"", key, value));
    return {};
  }

  Result<void> begin_account(std::string_view section) {
    if (auto good = finish_account(); !good) return good;
    constexpr std::string_view kWord = "account ";
    if (!section.starts_with(kWord)) return wrong("not a section \"[account ID]\"");
    const auto id = section.substr(kWord.size());
    if (!is_account_id(id)) return wrong("an account's id has 12 digits");
    const auto [at, fresh] = config_.accounts.try_emplace(std::string(id));
    if (!fresh) return wrong(fmt::format("account {} is there twice", id));
    account_ = &at->second;
    account_->id = id;
    account_line_ = line_;
    seen_.clear();
    return {};
  }

  Result<void> finish_account() {
    if (account_ == nullptr) return {};
    const auto& a = *account_;
    line_ = std::exchange(account_line_, line_);
    if (a.regions.empty() || a.role_arn.empty() || a.admins.empty())
      return wrong(fmt::format("account {} needs regions, role and admins", a.id));
    if (a.approvals > 0 && a.approvers.empty())
      return wrong(fmt::format("account {} needs approvers", a.id));
    if (!a.break_glass.empty() && config_.notify.empty())
      return wrong(
          fmt::format("account {} has break_glass, and nobody is told: set notify", a.id));
    line_ = std::exchange(account_line_, line_);
    return {};
  }

  Config config_;
  Account* account_ = nullptr;
  std::size_t line_ = 0;
  std::size_t account_line_ = 0;
  std::set<std::string, std::less<>> seen_;
};

}  // namespace

Result<Config> parse_config(std::string_view text) {
  if (text.size() > kMaxConfig) return Error{Errc::kConfig, "it is larger than 1 MiB"};
  return Parser().parse(text);
}

}  // namespace passport::service
