#include "wire/aws/command_messages.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <boost/json/serialize.hpp>

#include "base/json.h"
#include "wire/aws/identifiers.h"

namespace passport::wire::aws {
namespace {

constexpr std::array<std::pair<InvocationStatus, std::string_view>, 8> kStatuses = {
    {{InvocationStatus::kPending, "Pending"},
     {InvocationStatus::kInProgress, "InProgress"},
     {InvocationStatus::kDelayed, "Delayed"},
     {InvocationStatus::kCancelling, "Cancelling"},
     {InvocationStatus::kSuccess, "Success"},
     {InvocationStatus::kCancelled, "Cancelled"},
     {InvocationStatus::kTimedOut, "TimedOut"},
     {InvocationStatus::kFailed, "Failed"}}};

Error broken(std::string detail) {
  return {Errc::kProtocol, std::move(detail)};
}

json::string_view text_of(std::string_view text) {
  return {text.data(), text.size()};
}

/// -1 is what Systems Manager has before the script has ended.
std::optional<int> find_response_code(const json::object& object) {
  const auto* value = object.if_contains("ResponseCode");
  const auto* number = value != nullptr ? value->if_int64() : nullptr;
  if (number == nullptr || *number < 0 || *number > std::numeric_limits<int>::max()) return {};
  return static_cast<int>(*number);
}

Result<CommandInvocation> read_invocation(const json::object& object) {
  CommandInvocation out;
  out.command_id = find_string(object, "CommandId");
  out.instance_id = find_string(object, "InstanceId");
  out.status_details = find_string(object, "StatusDetails");
  if (!is_command_id(out.command_id)) return broken("invocation without a usable CommandId");
  if (!is_instance_id(out.instance_id)) return broken("invocation without a usable InstanceId");
  const auto status = find_string(object, "Status");
  const auto* const known = std::find_if(kStatuses.begin(), kStatuses.end(),
                                         [&](const auto& s) { return s.second == status; });
  if (known == kStatuses.end()) return broken("invocation without a known Status");
  out.status = known->first;
  return out;
}

/// A document of several steps has as many plugins; the last that has answered counts.
void read_plugins(const json::object& object, CommandInvocation& out) {
  const auto* plugins = find_array(object, "CommandPlugins");
  if (plugins == nullptr) return;
  for (const auto& item : *plugins) {
    const auto* plugin = item.if_object();
    if (plugin == nullptr) continue;
    const auto code = find_response_code(*plugin);
    if (!code) continue;
    out.response_code = code;
    out.output = find_string(*plugin, "Output");
  }
}

}  // namespace

SendCommandRequest make_shell_command(std::vector<std::string> instance_ids, std::string script,
                                      std::chrono::seconds execution_timeout) {
  SendCommandRequest out;
  out.instance_ids = std::move(instance_ids);
  out.document_name = "AWS-RunShellScript";
  out.parameters["commands"] = {std::move(script)};
  out.parameters["executionTimeout"] = {std::to_string(execution_timeout.count())};
  return out;
}

std::string_view to_string(InvocationStatus status) {
  for (const auto& [known, text] : kStatuses)
    if (known == status) return text;
  return "";
}

bool is_final(InvocationStatus status) {
  return status == InvocationStatus::kSuccess || status == InvocationStatus::kCancelled ||
         status == InvocationStatus::kTimedOut || status == InvocationStatus::kFailed;
}

std::string serialize_send_command(const SendCommandRequest& request) {
  json::object out;
  out["InstanceIds"] = json::array(request.instance_ids.begin(), request.instance_ids.end());
  out["DocumentName"] = request.document_name;
  json::object parameters;
  for (const auto& [name, values] : request.parameters)
    parameters[name] = json::array(values.begin(), values.end());
  if (!parameters.empty()) out["Parameters"] = std::move(parameters);
  if (request.delivery_timeout.count() > 0)
    out["TimeoutSeconds"] = request.delivery_timeout.count();
  if (!request.comment.empty()) out["Comment"] = request.comment;
  return json::serialize(out);
}

std::string serialize_list_invocations(std::string_view command_id,
                                       std::string_view next_token) {
  json::object out;
  out["CommandId"] = text_of(command_id);
  out["Details"] = true;
  out["MaxResults"] = kMaxCommandTargets;
  if (!next_token.empty()) out["NextToken"] = text_of(next_token);
  return json::serialize(out);
}

std::string serialize_get_invocation(std::string_view command_id,
                                     std::string_view instance_id) {
  json::object out;
  out["CommandId"] = text_of(command_id);
  out["InstanceId"] = text_of(instance_id);
  return json::serialize(out);
}

std::string serialize_cancel_command(std::string_view command_id,
                                     const std::vector<std::string>& instance_ids) {
  json::object out;
  out["CommandId"] = text_of(command_id);
  if (!instance_ids.empty())
    out["InstanceIds"] = json::array(instance_ids.begin(), instance_ids.end());
  return json::serialize(out);
}

Result<std::string> parse_sent_command(std::string_view body) {
  const auto parsed = parse_json_object(body, "answer");
  if (!parsed) return broken(parsed.error().detail);
  const auto* command = find_object(*parsed, "Command");
  auto id = command != nullptr ? find_string(*command, "CommandId") : std::string();
  if (!is_command_id(id)) return broken("answer without a usable CommandId");
  return id;
}

Result<InvocationPage> parse_invocations(std::string_view body) {
  const auto parsed = parse_json_object(body, "answer");
  if (!parsed) return broken(parsed.error().detail);
  const auto* list = find_array(*parsed, "CommandInvocations");
  if (list == nullptr) return broken("answer without CommandInvocations");
  InvocationPage out;
  out.next_token = find_string(*parsed, "NextToken");
  for (const auto& item : *list) {
    const auto* object = item.if_object();
    if (object == nullptr) return broken("invocation that is no object");
    auto invocation = read_invocation(*object);
    if (!invocation) return invocation.error();
    read_plugins(*object, *invocation);
    out.invocations.push_back(std::move(*invocation));
  }
  return out;
}

Result<CommandInvocation> parse_invocation(std::string_view body) {
  const auto parsed = parse_json_object(body, "answer");
  if (!parsed) return broken(parsed.error().detail);
  auto out = read_invocation(*parsed);
  if (!out) return out;
  out->response_code = find_response_code(*parsed);
  out->output = find_string(*parsed, "StandardOutputContent");
  out->error_output = find_string(*parsed, "StandardErrorContent");
  return out;
}

}  // namespace passport::wire::aws
