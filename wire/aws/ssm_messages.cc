#include "wire/aws/ssm_messages.h"

#include <boost/json/serialize.hpp>

#include "base/json.h"
#include "wire/aws/identifiers.h"

namespace passport::wire::aws {
namespace {

Error broken(std::string detail) {
  return {Errc::kProtocol, std::move(detail)};
}

/// Epoch seconds, with or without a fraction, within the years that make sense.
std::optional<std::chrono::sys_seconds> find_time(const json::object& object,
                                                  std::string_view key) {
  constexpr double kLatest = 253402300800.0;  // the year 10000
  const auto* value = object.if_contains(key);
  if (value == nullptr || !value->is_number()) return {};
  const auto seconds = value->is_double()  ? value->get_double()
                       : value->is_int64() ? static_cast<double>(value->get_int64())
                                           : static_cast<double>(value->get_uint64());
  if (!(seconds >= 0 && seconds < kLatest)) return {};
  return std::chrono::sys_seconds(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
}

}  // namespace

HttpRequest make_ssm_request(std::string_view operation, std::string body) {
  HttpRequest request;
  request.method = "POST";
  request.headers = {{"Content-Type", "application/x-amz-json-1.1"},
                     {"X-Amz-Target", "AmazonSSM." + std::string(operation)}};
  request.body = std::move(body);
  return request;
}

std::string serialize_start_session(const StartSessionRequest& request) {
  json::object out;
  out["Target"] = request.target;
  if (!request.document_name.empty()) out["DocumentName"] = request.document_name;
  if (!request.reason.empty()) out["Reason"] = request.reason;
  if (!request.parameters.empty()) {
    json::object parameters;
    for (const auto& [name, values] : request.parameters)
      parameters[name] = json::array(values.begin(), values.end());
    out["Parameters"] = std::move(parameters);
  }
  return json::serialize(out);
}

std::string serialize_session_id(std::string_view session_id) {
  json::object out;
  out["SessionId"] = json::string_view(session_id.data(), session_id.size());
  return json::serialize(out);
}

std::string serialize_describe_instances(const std::vector<std::string>& instance_ids,
                                         std::string_view next_token) {
  json::object filter;
  filter["Key"] = "InstanceIds";
  filter["Values"] = json::array(instance_ids.begin(), instance_ids.end());
  json::object out;
  out["Filters"] = json::array{std::move(filter)};
  out["MaxResults"] = kMaxInformed;
  if (!next_token.empty())
    out["NextToken"] = json::string_view(next_token.data(), next_token.size());
  return json::serialize(out);
}

Result<Session> parse_session(std::string_view body) {
  const auto parsed = parse_json_object(body, "answer");
  if (!parsed) return broken(parsed.error().detail);
  Session out;
  out.session_id = find_string(*parsed, "SessionId");
  out.stream_url = find_string(*parsed, "StreamUrl");
  out.token = Secret(find_string(*parsed, "TokenValue"));
  if (!is_session_id(out.session_id)) return broken("answer without a usable SessionId");
  if (out.stream_url.empty() && out.token.empty())
    return Error{Errc::kNotFound, "aws: the session has ended"};
  if (out.stream_url.empty()) return broken("answer without a StreamUrl");
  if (out.token.empty()) return broken("answer without a TokenValue");
  return out;
}

Result<InformationPage> parse_instance_information(std::string_view body) {
  const auto parsed = parse_json_object(body, "answer");
  if (!parsed) return broken(parsed.error().detail);
  const auto* list = find_array(*parsed, "InstanceInformationList");
  if (list == nullptr) return broken("answer without an InstanceInformationList");
  InformationPage out{{}, find_string(*parsed, "NextToken")};
  for (const auto& item : *list) {
    const auto* object = item.if_object();
    if (object == nullptr) continue;
    InstanceInformation instance;
    instance.instance_id = find_string(*object, "InstanceId");
    instance.ping_status = find_string(*object, "PingStatus");
    instance.last_ping = find_time(*object, "LastPingDateTime");
    instance.agent_version = find_string(*object, "AgentVersion");
    instance.platform_type = find_string(*object, "PlatformType");
    instance.platform_name = find_string(*object, "PlatformName");
    instance.computer_name = find_string(*object, "ComputerName");
    instance.name = find_string(*object, "Name");
    if (!instance.instance_id.empty()) out.instances.push_back(std::move(instance));
  }
  return out;
}

}  // namespace passport::wire::aws
