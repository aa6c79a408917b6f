#include "service/labels.h"

#include <boost/json/serialize.hpp>

namespace passport::service {
namespace {

constexpr std::string_view kAwsOwn = "aws:";

json::object to_json(const std::map<std::string, std::string>& tags) {
  json::object out;
  for (const auto& [key, value] : tags) out[key] = value;
  return out;
}

}  // namespace

bool is_wanted_tag(const Account& account, std::string_view key) {
  if (!account.tags.empty()) return account.tags.contains(key);
  return !key.starts_with(kAwsOwn);
}

void keep_wanted_tags(std::map<std::string, std::string>& tags, const Account& account) {
  std::erase_if(tags, [&](const auto& tag) { return !is_wanted_tag(account, tag.first); });
  while (tags.size() > kMaxLabelTags) tags.erase(std::prev(tags.end()));
}

std::string serialize_labels(const Labels& labels) {
  json::object out;
  if (!labels.name.empty()) out["name"] = labels.name;
  if (!labels.platform.empty()) out["platform"] = labels.platform;
  if (!labels.tags.empty()) out["tags"] = to_json(labels.tags);
  return json::serialize(out);
}

Labels parse_labels(std::string_view text) {
  const auto parsed = parse_json_object(text.empty() ? "{}" : text, "labels");
  if (!parsed) return {};
  Labels out{find_string(*parsed, "name"), find_string(*parsed, "platform"), {}};
  const auto* tags = find_object(*parsed, "tags");
  for (const auto& tag : tags != nullptr ? *tags : json::object())
    if (const auto* value = tag.value().if_string()) out.tags.emplace(tag.key(), *value);
  return out;
}

void describe_labels(json::object& instance, Labels labels, const Account& account) {
  keep_wanted_tags(labels.tags, account);
  if (const auto tag = labels.tags.find(std::string(kNameTag)); tag != labels.tags.end())
    labels.name = tag->second;
  if (!labels.name.empty()) instance["name"] = labels.name;
  if (!labels.platform.empty()) instance["platform"] = labels.platform;
  if (!labels.tags.empty()) instance["tags"] = to_json(labels.tags);
}

}  // namespace passport::service
