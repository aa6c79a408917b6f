#include "proxy/plugin_command.h"

#include "base/json.h"
#include "base/text.h"

namespace passport::proxy {
namespace {

constexpr std::string_view kVariablePrefix = "AWS_SSM_START_SESSION_RESPONSE";
constexpr std::size_t kLeastArguments = 3;

Error usage(std::string detail) {
  return {Errc::kUsage, std::move(detail),
          "the AWS CLI runs this program: aws ssm start-session --target i-..."};
}

std::string quote(std::string_view text) {
  return "\"" + escape_for_terminal(text, 64) + "\"";
}

Result<wire::aws::StartSessionRequest> parse_request(std::string_view text) {
  const auto object = parse_json_object(text, "parameters");
  if (!object) return usage(object.error().detail);
  wire::aws::StartSessionRequest request;
  request.target = find_string(*object, "Target");
  request.document_name = find_string(*object, "DocumentName");
  if (request.target.empty()) return usage("parameters: no Target");
  const auto* parameters = find_object(*object, "Parameters");
  if (parameters == nullptr) return request;
  for (const auto& [name, value] : *parameters) {
    const auto* list = value.if_array();
    if (list == nullptr) return usage("parameters: " + quote(name) + " is no list");
    auto& values = request.parameters[std::string(name)];
    for (const auto& item : *list) {
      const auto* string = item.if_string();
      if (string == nullptr) return usage("parameters: " + quote(name) + " is no text");
      values.emplace_back(*string);
    }
  }
  return request;
}

}  // namespace

Result<PluginCommand> parse_plugin_command(std::span<const std::string_view> arguments,
                                           const aws::Environment& environment) {
  PluginCommand command;
  if (arguments.empty()) {
    command.kind = PluginCommand::Kind::kGreeting;
    return command;
  }
  if (arguments.size() == 1 && arguments[0] == "--version") {
    command.kind = PluginCommand::Kind::kVersion;
    return command;
  }
  if (arguments.size() < kLeastArguments) return usage("too few arguments");
  const auto argument = [&](std::size_t i) {
    return i < arguments.size() ? std::string(arguments[i]) : std::string();
  };
  if (arguments[2] != "StartSession")
    return usage("operation " + quote(arguments[2]) + " is not StartSession");
  command.region = argument(1);
  command.profile = argument(3);
  command.endpoint_url = argument(5);
  if (arguments.size() > 4) {
    auto request = parse_request(arguments[4]);
    if (!request) return request.error();
    command.request = std::move(*request);
  }
  Secret from_variable;
  if (arguments[0].starts_with(kVariablePrefix)) {
    command.variable = arguments[0];
    auto value = environment(command.variable);
    if (!value) return usage("the environment has no " + quote(command.variable));
    from_variable = Secret(*std::move(value));
  }
  auto session = wire::aws::parse_session(command.variable.empty() ? arguments[0]
                                                                   : from_variable.reveal());
  if (!session) return session.error();
  command.session = std::move(*session);
  if (command.request.target.empty()) command.request.target = command.session.session_id;
  return command;
}

}  // namespace passport::proxy
