#include "api/access.h"

#include <algorithm>

#include <fmt/format.h>

#include "wire/aws/identifiers.h"

namespace passport::api {
namespace {

constexpr std::size_t kMaxHosts = 10'000;  ///< of a request
constexpr std::size_t kMaxKeys = 16;       ///< of a host
constexpr std::size_t kMaxTags = 50;       ///< of a host, as AWS has it

bool is_word(std::string_view text, std::string_view start) {
  return text.starts_with(start) && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

Error unusable(std::string_view what) {
  return {Errc::kProtocol, fmt::format("the service's answer has an unusable {}", what)};
}

Result<void> parse_tags(const json::object& instance, Host& into) {
  const auto* tags = find_object(instance, "tags");
  if (tags == nullptr) return {};
  if (tags->size() > kMaxTags) return unusable("list of tags");
  for (const auto& tag : *tags) {
    const auto* value = tag.value().if_string();
    if (value == nullptr) return unusable("tag");
    into.tags.emplace(tag.key(), *value);
  }
  return {};
}

Result<Host> parse_host(const json::object& instance) {
  Host out{find_string(instance, "id")};
  if (!wire::aws::is_instance_id(out.id)) return unusable("instance");
  const auto* keys = find_array(instance, "host_keys");
  if (keys == nullptr || keys->size() > kMaxKeys) return unusable("list of host keys");
  for (const auto& item : *keys) {
    const auto* line = item.if_string();
    auto key = line != nullptr ? wire::ssh::parse_public_key_line({line->data(), line->size()})
                               : Error{Errc::kMalformed, ""};
    if (!key) return unusable("host key");
    out.keys.push_back(std::move(*key));
  }
  out.name = find_string(instance, "name");
  out.platform = find_string(instance, "platform");
  if (auto good = parse_tags(instance, out); !good) return good.error();
  return out;
}

/// Also while the end of its time is being moved: it is "waiting" or "provisioning" again then.
/// Without a host key to check nobody can log in to it, which is no fault of the others.
bool has_user(const json::object& instance) {
  const auto state = find_string(instance, "state");
  const auto* keys = find_array(instance, "host_keys");
  return (state == "active" || state == "waiting" || state == "provisioning") &&
         keys != nullptr && !keys->empty();
}

}  // namespace

Result<Access> parse_access(const json::object& request) {
  Access out{find_string(request, "id"), find_string(request, "user"), 0, {}};
  if (!is_word(out.request, "ar-")) return unusable("id");
  if (!is_word(out.user, "rs-")) return unusable("user");
  const auto* end = request.if_contains("ends_at");
  if (end == nullptr || !end->is_int64()) return unusable("end");
  out.ends_at = end->get_int64();
  out.account = find_string(request, "account");
  out.region = find_string(request, "region");
  const auto* instances = find_array(request, "instances");
  if (instances == nullptr || instances->size() > kMaxHosts)
    return unusable("list of instances");
  for (const auto& item : *instances) {
    const auto* instance = item.if_object();
    if (instance == nullptr) return unusable("instance");
    if (!has_user(*instance)) continue;
    auto host = parse_host(*instance);
    if (!host) return host.error();
    out.hosts.push_back(std::move(*host));
  }
  return out;
}

}  // namespace passport::api
