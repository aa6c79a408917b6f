// The call of EC2 that Passport makes: a form and its XML answer (the query protocol).
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/http.h"

namespace passport::wire::aws {

/// Of one DescribeInstances. An instance is 3 to 8 KiB of XML, and 30 KiB at the most.
inline constexpr std::size_t kMaxDescribed = 30;
/// AWS's own limits on tags, in characters.
inline constexpr std::size_t kMaxTagKey = 128;
inline constexpr std::size_t kMaxTagValue = 256;

/// Whether AWS can have it: UTF-8, the key not empty, both within their length.
bool is_tag(std::string_view key, std::string_view value);

struct TaggedInstance {
  std::string instance_id;
  std::map<std::string, std::string> tags;  ///< any text of UTF-8, AWS's own ("aws:...") too
};

struct InstancePage {
  std::vector<TaggedInstance> instances;
  std::string next_token;  ///< empty: this was the last page
};

/// A POST, not signed. Instances are asked for by a filter: EC2 leaves out those that it does
/// not know, where a list of ids would have it refuse the whole call. At most kMaxDescribed.
HttpRequest make_describe_instances(const std::vector<std::string>& instance_ids,
                                    std::string_view next_token);

/// XML namespaces do not count. What is no instance's id, and a tag that is larger than AWS has
/// them or not UTF-8, is left out. Errors: kProtocol: not XML, or without a reservationSet.
Result<InstancePage> parse_instances(std::string_view body);

}  // namespace passport::wire::aws
