#include "client/wish.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/duration.h"
#include "base/text.h"
#include "client/request_text.h"
#include "wire/aws/identifiers.h"

namespace passport::client {
namespace {

// As passportd has them.
constexpr std::size_t kMaxInstances = 500;
constexpr std::size_t kMaxReason = 500;  ///< bytes
constexpr std::size_t kMaxTicket = 100;  ///< bytes
constexpr std::chrono::seconds kLeast{60};

constexpr std::string_view kBlanks = " \t";

std::string_view trim(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

Error wrong(std::string what) {
  return {Errc::kUsage, std::move(what)};
}

Result<std::string> parse_text(std::string_view text, std::string_view what, std::size_t most) {
  text = trim(text);
  if (text.size() > most)
    return wrong(fmt::format("the {} is longer than {} bytes", what, most));
  if (escape_for_terminal(text) != text)
    return wrong(fmt::format("the {} has a control character, or is not UTF-8", what));
  return std::string(text);
}

}  // namespace

Result<std::chrono::seconds> parse_lasts(std::string_view text) {
  const auto time = parse_duration(trim(text), kLongest);
  if (!time || *time < kLeast)
    return wrong(fmt::format("\"{}\" is not a time from 1m to 12h, as 90s or 10m",
                             escape_for_terminal(text, 40)));
  return *time;
}

Result<std::vector<std::string>> parse_instances(std::string_view text) {
  std::vector<std::string> out;
  constexpr std::string_view kBetween = " \t,";
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(kBetween), text.size()));
    if (text.empty()) break;
    const auto end = std::min(text.find_first_of(kBetween), text.size());
    const std::string id(text.substr(0, end));
    text.remove_prefix(end);
    if (!wire::aws::is_instance_id(id))
      return wrong(fmt::format("\"{}\" is not the id of an instance, as i-0123456789abcdef0",
                               escape_for_terminal(id, 40)));
    if (std::find(out.begin(), out.end(), id) == out.end()) out.push_back(id);
  }
  if (out.empty()) return wrong("there is no instance in that");
  if (out.size() > kMaxInstances)
    return wrong(fmt::format("these are more than {} instances", kMaxInstances));
  return out;
}

Result<std::string> parse_reason(std::string_view text) {
  auto out = parse_text(text, "reason", kMaxReason);
  if (out && out->empty()) return wrong("there has to be a reason");
  return out;
}

Result<std::string> parse_ticket(std::string_view text) {
  return parse_text(text, "ticket", kMaxTicket);
}

Result<bool> parse_yes(std::string_view text) {
  const auto word = to_lower(trim(text));
  if (word.empty() || word == "y" || word == "yes") return true;
  if (word == "n" || word == "no") return false;
  return wrong("that is neither yes nor no");
}

json::object body_of(const RequestWish& wish) {
  json::object out{{"account", wish.account},
                   {"region", wish.region},
                   {"instances", json::array(wish.instances.begin(), wish.instances.end())},
                   {"reason", wish.reason},
                   {"duration_s", wish.lasts.count()}};
  if (!wish.ticket.empty()) out["ticket"] = wish.ticket;
  if (!wish.key_type.empty()) out["key_type"] = wish.key_type;
  if (wish.break_glass) out["break_glass"] = true;
  return out;
}

std::string render_wish(const RequestWish& wish) {
  std::string out;
  const auto line = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) out += fmt::format("{:<10} {}\n", name, escape_for_terminal(value));
  };
  line("account", wish.account + " " + wish.region);
  for (std::size_t i = 0; i < wish.instances.size(); ++i)
    line(i > 0 ? "" : wish.instances.size() == 1 ? "instance" : "instances", wish.instances[i]);
  line("reason", wish.reason);
  line("ticket", wish.ticket);
  line("for", render_time_left(wish.lasts.count()));
  line("keys", wish.key_type);
  if (wish.break_glass) line("approval", "none: the glass is broken, and people are told");
  return out;
}

std::vector<OpenAccount> find_open_accounts(const json::object& answer) {
  std::vector<OpenAccount> out;
  const auto* accounts = find_array(answer, "accounts");
  for (const auto& item : accounts != nullptr ? *accounts : json::array()) {
    const auto* account = item.if_object();
    if (account == nullptr || find_string(*account, "role") != "admin") continue;
    out.push_back({find_string(*account, "id")});
    const auto* regions = find_array(*account, "regions");
    for (const auto& region : regions != nullptr ? *regions : json::array())
      if (const auto* name = region.if_string()) out.back().regions.emplace_back(*name);
  }
  return out;
}

}  // namespace passport::client
