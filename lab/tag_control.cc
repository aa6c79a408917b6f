#include "lab/tag_control.h"

#include <algorithm>
#include <array>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "wire/aws/ec2_messages.h"

namespace passport::lab {
namespace {

constexpr std::array<std::string_view, 3> kPlatforms = {"Linux", "Windows", "MacOS"};
constexpr std::size_t kMaxTags = 50;  ///< of an instance

std::string quoted(std::string_view text) {
  return fmt::format("\"{}\"", escape_for_terminal(text, 100));
}

std::optional<std::string> find_text(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return find_string(object, key);
}

}  // namespace

Result<void> take_tag_word(TagRequest& request, std::string_view word) {
  const auto equals = word.find('=');
  const std::string key(word.substr(0, equals));
  const bool removes = equals == std::string_view::npos;
  const auto value = removes ? std::string_view() : word.substr(equals + 1);
  if (!wire::aws::is_tag(key, value))
    return Error{Errc::kUsage,
                 fmt::format("{} is no KEY=VALUE that AWS has: UTF-8, 1 to {} and "
                             "at most {} characters",
                             quoted(word), wire::aws::kMaxTagKey, wire::aws::kMaxTagValue)};
  if (removes)
    request.removed.push_back(key);
  else
    request.tags[key] = value;
  return {};
}

std::string serialize_tag_request(const TagRequest& request) {
  json::object tags;
  for (const auto& [key, value] : request.tags) tags[key] = value;
  json::object out{{"tag", request.instance},
                   {"set", std::move(tags)},
                   {"remove", json::array(request.removed.begin(), request.removed.end())}};
  if (request.platform) out["platform"] = *request.platform;
  if (request.name) out["name"] = *request.name;
  return json::serialize(out);
}

Result<std::optional<TagRequest>> parse_tag_request(std::string_view line) {
  const auto object = parse_json_object(line, "request");
  if (!object) return object.error();
  const auto instance = find_text(*object, "tag");
  if (!instance) return std::optional<TagRequest>();
  const Error bad{Errc::kMalformed, "request: not what a tag is"};
  const auto* set = find_object(*object, "set");
  const auto* remove = find_array(*object, "remove");
  if (set == nullptr || remove == nullptr) return bad;
  TagRequest out{*instance, {}, {}, find_text(*object, "platform"), find_text(*object, "name")};
  for (const auto& tag : *set) {
    const auto* value = tag.value().if_string();
    if (value == nullptr || !wire::aws::is_tag(tag.key(), *value)) return bad;
    out.tags[tag.key()] = *value;
  }
  for (const auto& item : *remove) {
    const auto* key = item.if_string();
    if (key == nullptr) return bad;
    out.removed.emplace_back(*key);
  }
  return std::optional(std::move(out));
}

Result<void> apply_tag_request(ServiceState& state, const TagRequest& request) {
  auto* instance = state.find_instance(request.instance);
  if (instance == nullptr)
    return Error{Errc::kNotFound,
                 fmt::format("{} is no instance of this lab", quoted(request.instance))};
  if (request.platform &&
      std::find(kPlatforms.begin(), kPlatforms.end(), *request.platform) == kPlatforms.end())
    return Error{Errc::kUsage,
                 fmt::format("platform {} is none of {}", quoted(*request.platform),
                             "Linux, Windows and MacOS")};
  auto tags = instance->tags;
  for (const auto& key : request.removed) tags.erase(key);
  for (const auto& [key, value] : request.tags) tags[key] = value;
  if (tags.size() > kMaxTags)
    return Error{Errc::kUsage, fmt::format("an instance has {} tags at most", kMaxTags)};
  instance->tags = std::move(tags);
  if (request.platform) instance->platform = *request.platform;
  if (request.name) instance->name = *request.name;
  return {};
}

}  // namespace passport::lab
