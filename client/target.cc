#include "client/target.h"

#include <algorithm>
#include <functional>
#include <tuple>

#include <fmt/format.h>

#include "base/display_width.h"
#include "base/text.h"
#include "client/request_text.h"
#include "client/table.h"
#include "wire/aws/identifiers.h"

namespace passport::client {
namespace {

constexpr std::size_t kMostNamed = 8;  ///< in a message
constexpr std::size_t kMostName = 40;  ///< columns of a list

Target parse_target(const json::object& request, const json::object& instance) {
  Target out{find_string(instance, "id"), find_string(instance, "state")};
  out.name = find_string(instance, "name");
  out.platform = find_string(instance, "platform");
  out.error = find_string(instance, "error");
  if (const auto* tags = find_object(instance, "tags"))
    for (const auto& tag : *tags) out.tags.emplace(tag.key(), find_string(*tags, tag.key()));
  const auto* keys = find_array(instance, "host_keys");
  out.has_keys = keys != nullptr && !keys->empty();
  out.request = find_string(request, "id");
  out.request_state = find_string(request, "state");
  out.account = find_string(request, "account");
  out.region = find_string(request, "region");
  const auto* end = request.if_contains("ends_at");
  if (end != nullptr && end->is_int64()) out.ends_at = end->get_int64();
  return out;
}

/// The better the sooner: usable, on its way, the rest.
int rank(const Target& target) {
  return target.active() ? 0 : target.coming() ? 1 : 2;
}

bool has_tag(const Target& target, std::string_view word) {
  return std::any_of(target.tags.begin(), target.tags.end(), [word](const auto& tag) {
    const auto& [key, value] = tag;
    return value == word ||
           (word.size() == key.size() + 1 + value.size() && word.starts_with(key) &&
            word[key.size()] == '=' && word.ends_with(value));
  });
}

bool is_part(const Target& target, std::string_view word) {
  return target.id.starts_with(word) ||
         to_lower(target.name).find(to_lower(word)) != std::string::npos;
}

std::string render_tags(const Target& target) {
  std::string out;
  for (const auto& [key, value] : target.tags)
    if (key != "Name")
      out += fmt::format("{}{}={}", out.empty() ? "" : " ", escape_for_terminal(key),
                         escape_for_terminal(value));
  return out;
}

}  // namespace

bool Target::coming() const {
  const bool begins = request_state == "provisioning" || request_state == "active";
  return begins && (state == "waiting" || state == "provisioning");
}

std::vector<Target> find_targets(const json::array& requests) {
  std::map<std::string, Target> best;
  for (const auto& item : requests) {
    const auto* request = item.if_object();
    const auto* instances = request != nullptr ? find_array(*request, "instances") : nullptr;
    for (const auto& each : instances != nullptr ? *instances : json::array()) {
      const auto* instance = each.if_object();
      if (instance == nullptr) continue;
      auto target = parse_target(*request, *instance);
      if (!wire::aws::is_instance_id(target.id)) continue;
      const auto [at, fresh] = best.try_emplace(target.id, target);
      const auto worth = [](const Target& t) { return std::tuple(-rank(t), t.ends_at); };
      if (!fresh && worth(at->second) < worth(target)) at->second = std::move(target);
    }
  }
  std::vector<Target> out;
  for (auto& entry : best) out.push_back(std::move(entry.second));
  std::stable_sort(out.begin(), out.end(), [](const Target& a, const Target& b) {
    return std::tuple(rank(a), a.name.empty(), a.name) <
           std::tuple(rank(b), b.name.empty(), b.name);
  });
  return out;
}

TargetMatch match_targets(const std::vector<Target>& targets, std::string_view word) {
  using Rule = std::function<bool(const Target&)>;
  const Rule exact[] = {
      [word](const Target& t) { return t.id == word; },
      [word](const Target& t) { return t.name == word; },
      [word](const Target& t) { return has_tag(t, word); },
      [word](const Target& t) { return equal_ignoring_case(t.name, word); },
  };
  TargetMatch out;
  const auto apply = [&](const Rule& rule) {
    for (std::size_t i = 0; i < targets.size(); ++i)
      if (rule(targets[i])) out.targets.push_back(i);
    return !out.targets.empty();
  };
  if (word.empty()) return out;
  out.exact = std::any_of(std::begin(exact), std::end(exact), apply);
  if (!out.exact) apply([word](const Target& t) { return is_part(t, word); });
  return out;
}

std::vector<std::string> render_targets(const std::vector<Target>& targets, std::int64_t now) {
  std::vector<std::vector<Cell>> rows;
  for (const auto& target : targets) {
    const auto left =
        target.ends_at > now ? render_time_left(target.ends_at - now) + " left" : "";
    rows.push_back({{target.id},
                    {cut_to_width(escape_for_terminal(target.name), kMostName)},
                    {target.active()    ? ""
                     : target.keyless() ? "no host key"
                                        : escape_for_terminal(target.state)},
                    {escape_for_terminal(target.region)},
                    {left},
                    {render_tags(target)}});
  }
  const auto text = render_table({{""}, {""}, {""}, {""}, {""}, {""}}, rows, {});
  std::vector<std::string> out;
  for (std::string_view rest = text; !rest.empty();) {
    const auto end = rest.find('\n');
    out.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  return out;
}

std::string describe_target(const Target& target) {
  return target.name.empty() || target.name == target.id
             ? target.id
             : fmt::format("{} ({})", target.id, escape_for_terminal(target.name, 100));
}

Error describe_ambiguity(const std::vector<Target>& targets, std::string_view word) {
  std::string names;
  const auto shown = std::min(targets.size(), kMostNamed);
  for (std::size_t i = 0; i < shown; ++i)
    names += (i > 0 ? ", " : "") + describe_target(targets[i]);
  if (shown < targets.size()) names += fmt::format(" and {} more", targets.size() - shown);
  return {Errc::kUsage,
          word.empty() ? "there is more than one instance: " + names
                       : fmt::format("\"{}\" may be {}", escape_for_terminal(word, 100), names),
          "name one of them: passport connect " + targets.front().id};
}

Error describe_closed(const Target& target) {
  const auto who = describe_target(target);
  if (target.platform == "Windows")
    return {Errc::kUnavailable, who + ": it runs Windows, and RDP is not there yet"};
  if (target.request_state == "pending")
    return {Errc::kDenied, fmt::format("{}: {} waits for approval", who, target.request),
            "passport request show " + target.request};
  if (target.keyless())
    return {Errc::kUnavailable, who + ": it told no host key that can be checked",
            "passport request show " + target.request};
  if (target.state == "failed")
    return {Errc::kUnavailable,
            who + ": its user could not be made" +
                (target.error.empty() ? "" : ": " + escape_for_terminal(target.error))};
  const auto last =
      target.error.empty() ? "" : "; the last one: " + escape_for_terminal(target.error);
  return {Errc::kDenied, who + ": no request of yours is active for it" + last,
          "ask for access: passport request create " + target.id};
}

}  // namespace passport::client
