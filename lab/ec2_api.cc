#include "lab/ec2_api.h"

#include <algorithm>
#include <charconv>
#include <variant>

#include <fmt/format.h>

#include "lab/time_text.h"
#include "wire/aws/identifiers.h"

namespace passport::lab {
namespace {

constexpr std::size_t kMaxResults = 1000;  ///< of a page, also when nothing is said of it
constexpr std::size_t kLeastResults = 5;
constexpr std::size_t kMaxFilterValues = 200;
constexpr std::string_view kTagFilter = "tag:";
const ApiSubject kSubject{"ec2:DescribeInstances", "*", "", ""};

struct Filter {
  std::string name;
  std::vector<std::string> values;
};

struct Wanted {
  std::vector<std::string> ids{};
  std::vector<Filter> filters{};
  std::size_t most = kMaxResults;
  std::string after{};  ///< NextToken: the id that the page before ended with
};

bool contains(const std::vector<std::string>& values, std::string_view value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

/// PREFIX1, PREFIX2, ... until one is not there.
std::vector<std::string> read_list(const QueryItems& parameters, std::string_view prefix) {
  std::vector<std::string> out;
  for (;;) {
    auto value = find_item(parameters, fmt::format("{}{}", prefix, out.size() + 1));
    if (value.empty()) return out;
    out.push_back(std::move(value));
  }
}

std::string_view state_of(const KnownInstance& instance) {
  return instance.online ? "running" : "stopped";
}

bool is_known_filter(std::string_view name) {
  return name == "instance-id" || name == "instance-state-name" || name == "tag-key" ||
         (name.starts_with(kTagFilter) && name.size() > kTagFilter.size());
}

bool passes(const KnownInstance& instance, const Filter& filter) {
  if (filter.name == "instance-id") return contains(filter.values, instance.id);
  if (filter.name == "instance-state-name") return contains(filter.values, state_of(instance));
  if (filter.name == "tag-key")
    return std::any_of(instance.tags.begin(), instance.tags.end(),
                       [&](const auto& tag) { return contains(filter.values, tag.first); });
  const auto tag = instance.tags.find(filter.name.substr(kTagFilter.size()));
  return tag != instance.tags.end() && contains(filter.values, tag->second);
}

std::variant<std::vector<Filter>, ApiError> read_filters(const QueryItems& parameters) {
  std::vector<Filter> out;
  std::size_t values = 0;
  for (;;) {
    const auto prefix = fmt::format("Filter.{}.", out.size() + 1);
    Filter filter{find_item(parameters, prefix + "Name"),
                  read_list(parameters, prefix + "Value.")};
    if (filter.name.empty()) return out;
    if (!is_known_filter(filter.name))
      return ApiError{400, "InvalidParameterValue",
                      fmt::format("The filter '{}' is invalid", filter.name)};
    values += filter.values.size();
    if (values > kMaxFilterValues)
      return ApiError{400, "FilterLimitExceeded",
                      fmt::format("The maximum number of filter values specified on a single "
                                  "call is {}",
                                  kMaxFilterValues)};
    out.push_back(std::move(filter));
  }
}

std::variant<Wanted, ApiError> read_wanted(const QueryItems& parameters) {
  Wanted out;
  out.ids = read_list(parameters, "InstanceId.");
  out.after = find_item(parameters, "NextToken");
  auto filters = read_filters(parameters);
  if (const auto* error = std::get_if<ApiError>(&filters)) return *error;
  out.filters = std::move(std::get<std::vector<Filter>>(filters));
  const auto text = find_item(parameters, "MaxResults");
  if (text.empty()) return out;
  if (!out.ids.empty())
    return ApiError{400, "InvalidParameterCombination",
                    "The parameter instancesSet cannot be used with the parameter maxResults"};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.most);
  if (error != std::errc() || end != text.data() + text.size() || out.most < kLeastResults ||
      out.most > kMaxResults)
    return ApiError{400, "InvalidParameterValue",
                    fmt::format("Value ( {} ) for parameter maxResults is invalid. Expecting a "
                                "value between {} and {}.",
                                text, kLeastResults, kMaxResults)};
  return out;
}

/// An id that is asked for by itself has to be of an instance: the whole call fails otherwise.
std::optional<ApiError> find_wrong_id(const ServiceState& state, const Wanted& wanted) {
  for (const auto& id : wanted.ids) {
    if (!id.starts_with("i-") || !wire::aws::is_instance_id(id))
      return ApiError{400, "InvalidInstanceID.Malformed",
                      fmt::format("Invalid id: \"{}\"", id)};
    if (state.instances().find(id) == state.instances().end())
      return ApiError{400, "InvalidInstanceID.NotFound",
                      fmt::format("The instance ID '{}' does not exist", id)};
  }
  return std::nullopt;
}

std::string describe(const KnownInstance& instance) {
  const bool windows = instance.platform == "Windows";
  std::string tags;
  for (const auto& [key, value] : instance.tags)
    tags += fmt::format("<item><key>{}</key><value>{}</value></item>", escape_xml(key),
                        escape_xml(value));
  return fmt::format(
      "<item><reservationId>r-{0}</reservationId><ownerId>{1}</ownerId><groupSet/>"
      "<instancesSet><item><instanceId>{2}</instanceId>"
      "<instanceState><code>{3}</code><name>{4}</name></instanceState>{5}"
      "<platformDetails>{6}</platformDetails><launchTime>{7}</launchTime>"
      "<privateIpAddress>{8}</privateIpAddress><tagSet>{9}</tagSet></item></instancesSet></"
      "item>"
      "\n",
      instance.id.substr(2), kAccount, instance.id, instance.online ? 16 : 80,
      state_of(instance), windows ? "<platform>windows</platform>" : "",
      windows ? "Windows" : "Linux/UNIX", format_iso_time(instance.registered_unix_s),
      instance.ip_address, tags);
}

wire::HttpResponse refuse_ec2(const ApiCall& call, const ApiError& error) {
  write_audit(call, kSubject, error.code);
  return make_ec2_error(call.state, error);
}

wire::HttpResponse answer_describe_instances(const ApiCall& call,
                                             const QueryItems& parameters) {
  if (const auto denial = find_denial(call, kSubject))
    return refuse_ec2(call,
                      {403, "UnauthorizedOperation",
                       "You are not authorized to perform this operation. " + denial->message});
  const auto read = read_wanted(parameters);
  if (const auto* error = std::get_if<ApiError>(&read)) return refuse_ec2(call, *error);
  const auto& wanted = std::get<Wanted>(read);
  if (const auto error = find_wrong_id(call.state, wanted)) return refuse_ec2(call, *error);
  std::string items;
  std::string last;
  std::string next;
  std::size_t count = 0;
  for (const auto& [id, instance] : call.state.instances()) {
    if (!id.starts_with("i-") || id <= wanted.after) continue;
    if (!wanted.ids.empty() && !contains(wanted.ids, id)) continue;
    if (!std::all_of(wanted.filters.begin(), wanted.filters.end(),
                     [&i = instance](const Filter& filter) { return passes(i, filter); }))
      continue;
    if (++count > wanted.most) {
      next = fmt::format("<nextToken>{}</nextToken>", last);
      break;
    }
    items += describe(instance);
    last = id;
  }
  write_audit(call, kSubject, "ok");
  return make_xml_answer(
      200, fmt::format("<DescribeInstancesResponse "
                       "xmlns=\"http://ec2.amazonaws.com/doc/{}/\">\n"
                       "<requestId>{}</requestId>\n<reservationSet>{}</reservationSet>{}\n"
                       "</DescribeInstancesResponse>\n",
                       kEc2Version, call.state.random_hex(16), items, next));
}

}  // namespace

wire::HttpResponse make_ec2_error(const ServiceState& state, const ApiError& error) {
  return make_xml_answer(
      error.status, fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                "<Response><Errors><Error><Code>{}</Code><Message>{}</Message>"
                                "</Error></Errors><RequestID>{}</RequestID></Response>\n",
                                error.code, escape_xml(error.message), state.random_hex(16)));
}

wire::HttpResponse answer_ec2(const ApiCall& call, const QueryItems& parameters) {
  const auto action = find_item(parameters, "Action");
  if (action == "DescribeInstances") return answer_describe_instances(call, parameters);
  return make_ec2_error(call.state, {400, "InvalidAction",
                                     fmt::format("The action {} is not valid for this web "
                                                 "service.",
                                                 action)});
}

}  // namespace passport::lab
