// What people call their instances: names, tags and platform, as AWS has them. Pure.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "base/json.h"
#include "service/config.h"

namespace passport::service {

inline constexpr std::size_t kMaxLabelTags = 50;    ///< of an instance
inline constexpr std::size_t kMaxLabelName = 1024;  ///< bytes: 256 characters
inline constexpr std::string_view kNameTag = "Name";

/// Of one instance; any of them may be empty. Text is any UTF-8, for whoever writes it
/// somewhere to make harmless.
struct Labels {
  std::string name{};      ///< that Systems Manager has, of a managed instance
  std::string platform{};  ///< "Linux", "Windows", "MacOS"
  std::map<std::string, std::string> tags{};
};

/// Whether the account's tag of this key is to be known. Those that are AWS's own ("aws:...")
/// have to be named.
bool is_wanted_tag(const Account& account, std::string_view key);
/// Leaves those that are, kMaxLabelTags at the most.
void keep_wanted_tags(std::map<std::string, std::string>& tags, const Account& account);

/// As the database has them. What cannot be read is nothing.
std::string serialize_labels(const Labels& labels);
Labels parse_labels(std::string_view text);

/// Adds "name", "platform" and "tags", those that there are, to what is told of an instance.
/// The name is its tag Name.
void describe_labels(json::object& instance, Labels labels, const Account& account);

}  // namespace passport::service
