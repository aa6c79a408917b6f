#include "lab/command_api.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <variant>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "lab/command_table.h"
#include "lab/ssm_request.h"
#include "lab/time_text.h"

namespace passport::lab {
namespace {

constexpr std::size_t kMaxScriptSize = 64 << 10;  // bytes of all commands, as of a document
constexpr std::int64_t kShortestDelivery = 30;
constexpr std::int64_t kLongestDelivery = 2592000;
constexpr std::int64_t kLongestExecution = 172800;
constexpr std::size_t kMaxComment = 100;
constexpr char kPlugin[] = "aws:runShellScript";

ApiError invalid_parameters(std::string message) {
  return {400, "InvalidParameters", std::move(message)};
}

ApiSubject make_subject(const ApiCall& call, std::string_view operation,
                        const std::string& target) {
  return {"ssm:" + std::string(operation),
          fmt::format("arn:aws:ssm:{}:{}:*", call.state.region, kAccount), target, ""};
}

std::variant<std::vector<std::string>, ApiError> read_instance_ids(
    const json::object& request) {
  std::vector<std::string> out;
  const auto* given = find_array(request, "InstanceIds");
  if (!given) return out;
  for (const auto& item : *given) {
    const auto* text = item.if_string();
    if (!text) return ApiError{400, "SerializationException", ""};
    out.emplace_back(*text);
  }
  if (out.size() > wire::aws::kMaxCommandTargets) {
    return validation_error(
        fmt::format("1 validation error detected: Value '[{}]' at 'instanceIds' failed to "
                    "satisfy constraint: Member must have length less than or equal to {}",
                    fmt::join(out, ", "), wire::aws::kMaxCommandTargets));
  }
  if (std::set<std::string>(out.begin(), out.end()).size() != out.size())
    return ApiError{400, "DuplicateInstanceId", ""};
  return out;
}

std::optional<std::int64_t> parse_seconds(std::string_view text, std::int64_t most) {
  std::int64_t out = 0;
  const auto* end = text.data() + text.size();
  const auto r = std::from_chars(text.data(), end, out);
  if (r.ec != std::errc() || r.ptr != end || out < 1 || out > most) return std::nullopt;
  return out;
}

/// AWS-RunShellScript's own parameters, into `command`.
std::optional<ApiError> take_parameters(Parameters parameters, Command& command) {
  for (const auto& [name, values] : parameters) {
    if (name == "commands") {
      command.script = fmt::format("{}\n", fmt::join(values, "\n"));
      continue;
    }
    const auto value = values.size() == 1 ? std::string_view(values.front()) : "";
    if (name == "workingDirectory") {
      command.directory = value;
    } else if (name == "executionTimeout") {
      const auto seconds = parse_seconds(value, kLongestExecution);
      if (!seconds)
        return invalid_parameters("executionTimeout is not a number from 1 to 172800");
      command.execution_timeout = std::chrono::seconds(*seconds);
    } else {
      return invalid_parameters(fmt::format(
          "Parameter \"{}\" is not a parameter of document {}.", name, kShellScriptDocument));
    }
  }
  if (!parameters.contains("commands"))
    return invalid_parameters("Parameter \"commands\" is required.");
  if (command.script.size() > kMaxScriptSize)
    return ApiError{400, "MaxDocumentSizeExceeded", "The size limit of a document is 64 KB."};
  command.parameters = std::move(parameters);
  return std::nullopt;
}

std::optional<ApiError> take_timeout(const json::object& request, Command& command) {
  const auto* value = request.if_contains("TimeoutSeconds");
  if (!value || value->is_null()) return std::nullopt;
  const auto* seconds = value->if_int64();
  if (!seconds || *seconds < kShortestDelivery || *seconds > kLongestDelivery) {
    return validation_error(
        fmt::format("1 validation error detected: Value at 'timeoutSeconds' failed to satisfy "
                    "constraint: Member must have value between {} and {}",
                    kShortestDelivery, kLongestDelivery));
  }
  command.delivery_timeout = std::chrono::seconds(*seconds);
  return std::nullopt;
}

std::variant<Command, ApiError> read_command(const ApiCall& call, const json::object& request,
                                             const std::vector<std::string>& ids) {
  Command out;
  out.document = find_string(request, "DocumentName");
  out.comment = find_string(request, "Comment").substr(0, kMaxComment);
  if (out.document != kShellScriptDocument)
    return ApiError{400, "InvalidDocument",
                    fmt::format("Document with name {} does not exist.", out.document)};
  auto parameters = read_parameters(request);
  if (auto* error = std::get_if<ApiError>(&parameters)) return *error;
  if (auto error = take_parameters(std::move(std::get<Parameters>(parameters)), out))
    return *error;
  if (auto error = take_timeout(request, out)) return *error;
  for (const auto& id : ids) {
    const auto* instance = call.state.find_instance(id);
    if (instance && instance->online) continue;
    return ApiError{
        400, "InvalidInstanceId",
        fmt::format("Instances [[{}]] not in a valid state for account {}", id, kAccount)};
  }
  if (ids.empty()) return ApiError{400, "InvalidInstanceId", "no instances"};
  return out;
}

/// A UUID, as AWS makes them.
std::string make_command_id(const ServiceState& state) {
  const auto hex = state.random_hex(16);
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20, 12));
}

/// The command as a whole.
std::pair<const char*, std::size_t> summarize(const Command& command) {
  using Status = Invocation::Status;
  std::size_t ended = 0;
  bool begun = false;
  bool failed = false;
  for (const auto& [id, invocation] : command.invocations) {
    begun = begun || invocation.status != Status::kPending;
    if (!wire::aws::is_final(invocation.status)) continue;
    ++ended;
    failed = failed || invocation.status != Status::kSuccess;
  }
  if (!begun) return {"Pending", ended};
  if (ended < command.invocations.size()) return {"InProgress", ended};
  return {failed ? "Failed" : "Success", ended};
}

json::object describe(const Command& command) {
  const auto [status, ended] = summarize(command);
  json::array ids;
  for (const auto& [id, invocation] : command.invocations) ids.emplace_back(id);
  json::object parameters;
  for (const auto& [name, values] : command.parameters)
    parameters[name] = json::array(values.begin(), values.end());
  return {{"CommandId", command.id},
          {"DocumentName", command.document},
          {"Comment", command.comment},
          {"Parameters", std::move(parameters)},
          {"InstanceIds", std::move(ids)},
          {"RequestedDateTime", command.requested_unix_s},
          {"ExpiresAfter", command.requested_unix_s + command.delivery_timeout.count() +
                               command.execution_timeout.count()},
          {"TimeoutSeconds", command.delivery_timeout.count()},
          {"TargetCount", command.invocations.size()},
          {"CompletedCount", ended},
          {"Status", status},
          {"StatusDetails", status}};
}

/// As the real agent joins the two (agent/contracts, TruncateOutput).
std::string join_output(const Invocation& invocation) {
  constexpr std::string_view kErrorMark = "\n----------ERROR-------\n";
  constexpr std::string_view kCutMark = "\n---Output truncated---";
  auto out = invocation.output;
  if (!invocation.error_output.empty()) out.append(kErrorMark).append(invocation.error_output);
  if (out.size() <= wire::aws::kMaxListedOutput) return out;
  return out.substr(0, wire::aws::kMaxListedOutput - kCutMark.size()).append(kCutMark);
}

json::object describe(const Command& command, const Invocation& invocation, bool details) {
  json::object out{{"CommandId", command.id},
                   {"InstanceId", invocation.instance_id},
                   {"Comment", command.comment},
                   {"DocumentName", command.document},
                   {"RequestedDateTime", command.requested_unix_s},
                   {"Status", std::string(wire::aws::to_string(invocation.status))},
                   {"StatusDetails", invocation.details}};
  json::array plugins;
  if (details) {
    plugins.push_back(
        json::object{{"Name", kPlugin},
                     {"Status", std::string(wire::aws::to_string(invocation.status))},
                     {"StatusDetails", invocation.details},
                     {"ResponseCode", invocation.response_code},
                     {"ResponseStartDateTime", invocation.began_unix_s},
                     {"Output", join_output(invocation)}});
  }
  out["CommandPlugins"] = std::move(plugins);
  return out;
}

bool is_throttled(ServiceState& state) {
  const auto rate = state.faults.command_rate;
  return rate > 0 && !state.command_tokens.take(rate, state.uptime);
}

/// The document must be allowed, and every instance.
std::optional<ApiError> find_send_denial(const ApiCall& call, ApiSubject subject,
                                         const std::string& document,
                                         const std::vector<std::string>& ids) {
  subject.resource = document_arn(call.state, document);
  auto denial = find_denial(call, subject);
  for (std::size_t i = 0; !denial && i < ids.size(); ++i) {
    subject.resource = instance_arn(call.state, ids[i]);
    denial = find_denial(call, subject);
  }
  return denial;
}

wire::HttpResponse answer_send(const ApiCall& call, const json::object& request) {
  auto subject = make_subject(call, "SendCommand", "");
  if (is_throttled(call.state))
    return refuse(call, subject, {400, "ThrottlingException", "Rate exceeded"});
  const auto given = read_instance_ids(request);
  if (const auto* error = std::get_if<ApiError>(&given)) return refuse(call, subject, *error);
  const auto& ids = std::get<std::vector<std::string>>(given);
  subject.target = fmt::format("{}", fmt::join(ids, ","));
  const auto document = find_string(request, "DocumentName");
  if (const auto denial = find_send_denial(call, subject, document, ids))
    return refuse(call, subject, *denial);
  auto read = read_command(call, request, ids);
  if (const auto* error = std::get_if<ApiError>(&read)) return refuse(call, subject, *error);
  auto& wanted = std::get<Command>(read);
  wanted.id = make_command_id(call.state);
  wanted.requested_unix_s = call.now_unix_s;
  wanted.sent = call.state.uptime;
  const auto& faults = call.state.faults;
  const auto& command =
      call.state.commands.send(std::move(wanted), ids, faults.commands, faults.seed);
  subject.session = command.id;
  write_audit(call, subject, "ok");
  return make_json_answer(200, json::serialize(json::object{{"Command", describe(command)}}));
}

wire::HttpResponse answer_list(const ApiCall& call, const json::object& request) {
  const auto id = find_string(request, "CommandId");
  const auto instance_id = find_string(request, "InstanceId");
  auto subject = make_subject(call, "ListCommandInvocations", instance_id);
  subject.session = id;
  if (const auto denial = find_denial(call, subject)) return refuse(call, subject, *denial);
  const auto most = read_max_results(request, 1, 50, 50);
  if (const auto* error = std::get_if<ApiError>(&most)) return refuse(call, subject, *error);
  if (request.contains("Filters"))
    return refuse(call, subject, {400, "InvalidFilterKey", "The specified key is not valid."});
  auto& table = call.state.commands;
  const auto* wanted = id.empty() ? nullptr : table.find(id, call.state.uptime);
  if (!id.empty() && !wanted) return refuse(call, subject, {400, "InvalidCommandId", ""});
  const auto* details = request.if_contains("Details");
  const bool detailed = details && details->is_bool() && details->get_bool();
  std::vector<std::pair<std::string, json::object>> items;
  const auto add = [&](const Command& command) {
    for (const auto& [instance, invocation] : command.invocations) {
      if (!instance_id.empty() && instance != instance_id) continue;
      items.emplace_back(command.id + "/" + instance, describe(command, invocation, detailed));
    }
  };
  if (wanted) {
    add(*wanted);
  } else {
    for (const auto& [known, command] : table.commands(call.state.uptime)) add(command);
  }
  write_audit(call, subject, "ok");
  return make_json_answer(200, json::serialize(make_page("CommandInvocations", std::move(items),
                                                         find_string(request, "NextToken"),
                                                         std::get<std::size_t>(most))));
}

/// Times are those of the call when it has not begun or ended.
json::object describe_alone(const Command& command, const Invocation& invocation) {
  json::object out{{"CommandId", command.id},
                   {"InstanceId", invocation.instance_id},
                   {"Comment", command.comment},
                   {"DocumentName", command.document},
                   {"PluginName", kPlugin},
                   {"ResponseCode", invocation.response_code},
                   {"Status", std::string(wire::aws::to_string(invocation.status))},
                   {"StatusDetails", invocation.details},
                   {"StandardOutputContent", invocation.output},
                   {"StandardErrorContent", invocation.error_output}};
  if (invocation.began_unix_s == 0) return out;
  out["ExecutionStartDateTime"] = format_iso_time(invocation.began_unix_s);
  if (!wire::aws::is_final(invocation.status)) return out;
  const auto took = invocation.ended - invocation.began;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(took).count();
  out["ExecutionEndDateTime"] = format_iso_time(invocation.began_unix_s + seconds);
  out["ExecutionElapsedTime"] =
      fmt::format("PT{:.3f}S", std::chrono::duration<double>(took).count());
  return out;
}

wire::HttpResponse answer_get(const ApiCall& call, const json::object& request) {
  const auto id = find_string(request, "CommandId");
  const auto instance_id = find_string(request, "InstanceId");
  auto subject = make_subject(call, "GetCommandInvocation", instance_id);
  subject.session = id;
  if (const auto denial = find_denial(call, subject)) return refuse(call, subject, *denial);
  const auto* command = call.state.commands.find(id, call.state.uptime);
  if (!command || !command->invocations.contains(instance_id))
    return refuse(call, subject, {400, "InvocationDoesNotExist", ""});
  write_audit(call, subject, "ok");
  const auto& invocation = command->invocations.find(instance_id)->second;
  return make_json_answer(200, json::serialize(describe_alone(*command, invocation)));
}

wire::HttpResponse answer_cancel(const ApiCall& call, const json::object& request) {
  const auto id = find_string(request, "CommandId");
  auto subject = make_subject(call, "CancelCommand", "");
  subject.session = id;
  if (const auto denial = find_denial(call, subject)) return refuse(call, subject, *denial);
  const auto given = read_instance_ids(request);
  if (const auto* error = std::get_if<ApiError>(&given)) return refuse(call, subject, *error);
  auto& table = call.state.commands;
  const auto* command = table.find(id, call.state.uptime);
  if (!command) return refuse(call, subject, {400, "InvalidCommandId", ""});
  auto ids = std::get<std::vector<std::string>>(given);
  subject.target = fmt::format("{}", fmt::join(ids, ","));
  for (const auto& instance : ids) {
    if (!command->invocations.contains(instance))
      return refuse(call, subject, {400, "InvalidInstanceId", ""});
  }
  if (ids.empty()) ids.emplace_back();
  for (const auto& instance : ids) table.cancel(id, instance, call.state.uptime);
  write_audit(call, subject, "ok");
  return make_json_answer(200, "{}");
}

struct CommandCall {
  std::string_view operation;
  wire::HttpResponse (*answer)(const ApiCall& call, const json::object& request);
};
constexpr std::array<CommandCall, 4> kCalls = {{{"SendCommand", answer_send},
                                                {"ListCommandInvocations", answer_list},
                                                {"GetCommandInvocation", answer_get},
                                                {"CancelCommand", answer_cancel}}};

const CommandCall* find_call(std::string_view operation) {
  const auto* const found = std::find_if(kCalls.begin(), kCalls.end(), [&](const auto& known) {
    return known.operation == operation;
  });
  return found == kCalls.end() ? nullptr : found;
}

}  // namespace

bool is_command_call(std::string_view operation) {
  return find_call(operation) != nullptr;
}

wire::HttpResponse answer_command_call(const ApiCall& call, std::string_view operation,
                                       const json::object& request) {
  return find_call(operation)->answer(call, request);
}

}  // namespace passport::lab
