#include "wire/aws/ec2_messages.h"

#include "base/text.h"
#include "wire/aws/identifiers.h"
#include "wire/aws/percent.h"
#include "wire/aws/query_request.h"
#include "wire/aws/xml.h"

namespace passport::wire::aws {
namespace {

/// Whether it is UTF-8 of at most that many characters.
bool fits(std::string_view text, std::size_t most) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) {
    std::uint32_t character = 0;
    const auto size = decode_utf8(text, character);
    if (size == 0 || count == most) return false;
    text.remove_prefix(size);
  }
  return true;
}

TaggedInstance read_instance(const pugi::xml_node& node) {
  TaggedInstance out{find_child_text(node, "instanceId"), {}};
  for (const auto& item : find_child(node, "tagSet").children()) {
    auto key = find_child_text(item, "key");
    auto value = find_child_text(item, "value");
    if (is_tag(key, value)) out.tags.emplace(std::move(key), std::move(value));
  }
  return out;
}

}  // namespace

bool is_tag(std::string_view key, std::string_view value) {
  return !key.empty() && fits(key, kMaxTagKey) && fits(value, kMaxTagValue);
}

HttpRequest make_describe_instances(const std::vector<std::string>& instance_ids,
                                    std::string_view next_token) {
  const auto most = std::to_string(kMaxDescribed);
  auto out = make_query_request(
      "DescribeInstances", "2016-11-15",
      {{"Filter.1.Name", "instance-id"}, {"MaxResults", most}, {"NextToken", next_token}});
  unsigned number = 0;
  for (const auto& id : instance_ids)
    out.body += "&Filter.1.Value." + std::to_string(++number) + "=" + encode_percent(id);
  return out;
}

Result<InstancePage> parse_instances(std::string_view body) {
  pugi::xml_document document;
  if (!load_xml(document, body)) return Error{Errc::kProtocol, "answer is not usable XML"};
  const auto response = find_child(document, "DescribeInstancesResponse");
  const auto reservations = find_child(response, "reservationSet");
  if (!reservations) return Error{Errc::kProtocol, "answer without a reservationSet"};
  InstancePage out{{}, find_child_text(response, "nextToken")};
  for (const auto& reservation : reservations.children()) {
    for (const auto& item : find_child(reservation, "instancesSet").children()) {
      auto instance = read_instance(item);
      if (is_instance_id(instance.instance_id)) out.instances.push_back(std::move(instance));
    }
  }
  return out;
}

}  // namespace passport::wire::aws
