#include "config-gen/inventory_render.h"

#include <algorithm>
#include <array>

#include <openssl/evp.h>

#include "base/text.h"

namespace passport::config_gen {
namespace {

constexpr std::size_t kDigestLetters = 32;
/// Seconds. ssh also counts the time for which a session waits for its turn or is throttled,
/// which passport-proxy bears for three minutes; one that is refused ends by itself.
constexpr int kConnectTimeout = 200;

json::object unsafe(std::string_view text) {
  return {{"__ansible_unsafe", text}};
}

/// What a group has in common: its kind and the values, one or two, as they came.
using Label = std::vector<std::string>;

std::string clean_name(const Label& label) {
  std::string out;
  for (const auto& word : label) {
    if (!out.empty()) out += '_';
    for (const char c : word) {
      const auto lower = static_cast<char>(c | 0x20);
      const bool good = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
      out += good ? c : '_';
    }
  }
  return out;
}

std::string digest_of(const Label& label) {
  std::string text;
  for (const auto& word : label) text += word + '\0';
  std::array<std::uint8_t, 32> digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return encode_hex(digest).substr(0, kDigestLetters);
}

/// As a name with a digest does.
bool looks_digested(std::string_view name) {
  if (name.size() <= kDigestLetters || name[name.size() - kDigestLetters - 1] != '_')
    return false;
  const auto end = name.substr(name.size() - kDigestLetters);
  return std::all_of(end.begin(), end.end(), [](char c) { return hex_value(c) >= 0; });
}

using Groups = std::map<Label, json::array>;

void name_groups(Groups groups, json::object& inventory) {
  std::map<std::string, int> times;
  for (const auto& group : groups) ++times[clean_name(group.first)];
  for (auto& [label, hosts] : groups) {
    auto name = clean_name(label);
    if (times[name] > 1 || looks_digested(name)) name += "_" + digest_of(label);
    inventory[name] = {{"hosts", std::move(hosts)}};
  }
}

json::object render_tags(const std::map<std::string, std::string>& tags) {
  json::object out;
  for (const auto& [key, value] : tags)
    if (key.find('{') == std::string::npos && !key.starts_with("__ansible"))
      out[key] = unsafe(value);
  return out;
}

/// On the host, not on a group: so group_vars of the user's, written for other hosts, do not
/// lead elsewhere.
json::object render_host(const InventoryPlan& plan, const api::Access& access,
                         const api::Host& host) {
  return {{"ansible_connection", "ssh"},
          {"ansible_host", host.id},
          {"ansible_user", access.user},
          {"ansible_ssh_common_args", unsafe("-F " + quote_for_shell(plan.ssh_config))},
          // Ansible's own connection sharing would take the place of the ssh_config's.
          {"ansible_ssh_args", ""},
          {"ansible_ssh_host_key_checking", true},
          {"ansible_ssh_pipelining", true},
          {"ansible_ssh_timeout", kConnectTimeout},
          {"ansible_ssh_transfer_method", "sftp"},
          {"passport_account", unsafe(access.account)},
          {"passport_ends_at", access.ends_at},
          {"passport_name", unsafe(host.name)},
          {"passport_platform", unsafe(host.platform)},
          {"passport_region", unsafe(access.region)},
          {"passport_request", access.request},
          {"passport_tags", render_tags(host.tags)}};
}

/// Name counts as a tag wherever it comes from.
const std::string* find_tag(const api::Host& host, const std::string& key) {
  const auto at = host.tags.find(key);
  if (at != host.tags.end()) return &at->second;
  return key == "Name" && !host.name.empty() ? &host.name : nullptr;
}

void add_to_groups(const InventoryPlan& plan, const api::Access& access, const api::Host& host,
                   Groups& groups) {
  const auto add = [&](Label label) { groups[std::move(label)].emplace_back(host.id); };
  add({"passport"});
  if (!access.account.empty()) add({"account", access.account});
  if (!access.region.empty()) add({"region", access.region});
  if (!host.platform.empty()) add({"platform", to_lower(host.platform)});
  for (const auto& key : plan.tag_keys)
    if (const auto* value = find_tag(host, key)) add({"tag", key, *value});
}

}  // namespace

json::object render_inventory(InventoryPlan plan) {
  // As in the ssh_config, an instance of several requests belongs to the one that ends last.
  std::stable_sort(
      plan.accesses.begin(), plan.accesses.end(),
      [](const api::Access& a, const api::Access& b) { return a.ends_at > b.ends_at; });
  auto& keys = plan.tag_keys;
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  Groups groups;
  json::object variables;
  for (const auto& access : plan.accesses)
    for (const auto& host : access.hosts) {
      groups[{"request", access.request}].emplace_back(host.id);
      if (variables.contains(host.id)) continue;
      variables[host.id] = render_host(plan, access, host);
      add_to_groups(plan, access, host, groups);
    }
  json::object out;
  out["_meta"] = {{"hostvars", std::move(variables)}};
  name_groups(std::move(groups), out);
  return out;
}

const json::object* find_host_variables(const json::object& inventory,
                                        const std::string& host) {
  const auto* meta = find_object(inventory, "_meta");
  const auto* variables = meta != nullptr ? find_object(*meta, "hostvars") : nullptr;
  return variables != nullptr ? find_object(*variables, host) : nullptr;
}

std::string render_inventory_file(const std::vector<std::string>& words) {
  std::string out = "#!/bin/sh\n# Written by passport-inventory --path, for ansible -i.\nexec";
  for (const auto& word : words) out += " " + quote_for_shell(word);
  return out + " \"$@\"\n";
}

}  // namespace passport::config_gen
