#include "lab/ssm_api.h"

#include <array>
#include <charconv>
#include <variant>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/json.h"
#include "lab/command_api.h"
#include "lab/shell_document.h"
#include "lab/ssm_describe.h"
#include "lab/ssm_request.h"

namespace passport::lab {
namespace {

/// Calls of an agent's start that need no more than a good signature and an empty answer.
constexpr std::array<std::string_view, 8> kAgentCalls = {
    "ListInstanceAssociations",
    "ListAssociations",
    "UpdateInstanceAssociationStatus",
    "PutInventory",
    "PutComplianceItems",
    "PutConfigurePackageResult",
    "GetInventory",
    "ListInventoryEntries",
};

std::string session_arn(const ServiceState& state, std::string_view id) {
  return fmt::format("arn:aws:ssm:{}:{}:session/{}", state.region, kAccount, id);
}

bool is_port(const std::string& text) {
  unsigned port = 0;
  const auto* end = text.data() + text.size();
  const auto r = std::from_chars(text.data(), end, port);
  return r.ec == std::errc() && r.ptr == end && port >= 1 && port <= 65535;
}

/// The document's own rules for its parameters.
std::optional<ApiError> check_parameters(const std::string& document,
                                         const Parameters& parameters) {
  const bool to_host = document == kRemoteHostDocument;
  for (const auto& [name, values] : parameters) {
    const bool port =
        name == "portNumber" || (name == "localPortNumber" && document != kSshDocument);
    if (!port && !(to_host && name == "host")) {
      return validation_error(
          fmt::format("Parameter \"{}\" is not a parameter of document {}.", name, document));
    }
    if (values.size() != 1) {
      return validation_error(
          fmt::format("Parameter \"{}\" must have exactly one value.", name));
    }
    const bool local_any = name == "localPortNumber" && values[0] == "0";
    if (port && !local_any && !is_port(values[0])) {
      return validation_error(
          fmt::format("Parameter \"{}\" has value \"{}\" not matching "
                      "\"^([1-9]|[1-9][0-9]{{1,3}}|[1-5][0-9]{{4}}|"
                      "6[0-4][0-9]{{3}}|65[0-4][0-9]{{2}}|655[0-2][0-9]|6553[0-5])$\".",
                      name, values[0]));
    }
  }
  if (to_host && !parameters.contains("host")) {
    return validation_error("Parameter \"host\" is required by document " + document + ".");
  }
  return std::nullopt;
}

std::variant<Session, ApiError> check_start(const ApiCall& call, const json::object& request,
                                            const std::string& target) {
  Session wanted;
  wanted.target = target;
  wanted.document = find_string(request, "DocumentName");
  wanted.reason = find_string(request, "Reason");
  if (target.empty()) {
    return validation_error(
        "1 validation error detected: Value null at 'target' failed to satisfy constraint: "
        "Member "
        "must not be null");
  }
  auto parameters = read_parameters(request);
  if (auto* error = std::get_if<ApiError>(&parameters)) return *error;
  wanted.parameters = std::move(std::get<Parameters>(parameters));
  if (is_shell_document(wanted.document)) {
    auto wrong = check_shell_parameters(wanted.document, wanted.parameters);
    if (!wrong.empty()) return validation_error(std::move(wrong));
  } else {
    if (wanted.document != kSshDocument && wanted.document != kPortDocument &&
        wanted.document != kRemoteHostDocument) {
      return ApiError{400, "InvalidDocument",
                      fmt::format("Document with name {} does not exist.", wanted.document)};
    }
    if (auto error = check_parameters(wanted.document, wanted.parameters)) return *error;
  }
  const auto* instance = call.state.find_instance(target);
  if (!instance || !instance->online) {
    return ApiError{400, "TargetNotConnected", target + " is not connected."};
  }
  return wanted;
}

wire::HttpResponse make_session_answer(const ApiCall& call, const Session& session) {
  return make_json_answer(
      200, json::serialize(
               json::object{{"SessionId", session.id},
                            {"StreamUrl", call.state.stream_url(session, call.now_unix_s)},
                            {"TokenValue", std::string(session.client_token.reveal())}}));
}

bool is_throttled(ServiceState& state) {
  auto& faults = state.faults;
  if (faults.throttle > 0) {
    --faults.throttle;
    return true;
  }
  return faults.start_rate > 0 && !state.start_tokens.take(faults.start_rate, state.uptime);
}

/// The instance must be allowed, and the document too where the request names one or the policy
/// asks for the check ("Enforce a session document permission check for the AWS CLI", AWS
/// Systems Manager User Guide).
std::optional<ApiError> find_start_denial(const ApiCall& call, ApiSubject subject,
                                          const std::string& document) {
  constexpr std::string_view kCheck = "ssm:sessiondocumentaccesscheck";
  const bool check = !document.empty() || policies_ask_for(call, kCheck);
  subject.context[std::string(kCheck)] = check ? "true" : "false";
  auto denial = find_denial(call, subject);
  if (denial || !check) return denial;
  subject.resource = document_arn(call.state, document);
  return find_denial(call, subject);
}

wire::HttpResponse answer_start_session(const ApiCall& call, const json::object& request) {
  const auto target = find_string(request, "Target");
  ApiSubject subject{"ssm:StartSession", instance_arn(call.state, target), target, ""};
  if (is_throttled(call.state))
    return refuse(call, subject, {400, "ThrottlingException", "Rate exceeded"});
  if (auto denial = find_start_denial(call, subject, find_string(request, "DocumentName")))
    return refuse(call, subject, *denial);
  auto wanted = check_start(call, request, target);
  if (auto* error = std::get_if<ApiError>(&wanted)) return refuse(call, subject, *error);
  const auto& session = call.state.start_session(
      call.principal, std::move(std::get<Session>(wanted)), call.now_unix_s);
  subject.session = session.id;
  write_audit(call, subject, "ok");
  return make_session_answer(call, session);
}

/// How this call is refused; counts down the times.
ResumeRefusal take_resume_refusal(LabFaults& faults) {
  if (faults.resume_refusals == 0) return ResumeRefusal::kNone;
  const auto refusal = faults.resume_refusal;
  if (refusal != ResumeRefusal::kNone && faults.resume_refusals != LabFaults::kAlways &&
      --faults.resume_refusals == 0) {
    faults.resume_refusal = ResumeRefusal::kNone;
  }
  return refusal;
}

wire::HttpResponse answer_resume_session(const ApiCall& call, const json::object& request) {
  const auto id = find_string(request, "SessionId");
  const auto* known = call.state.find_session(id);
  const ApiSubject subject{"ssm:ResumeSession", session_arn(call.state, id),
                           known ? known->target : std::string(), id};
  if (auto denial = find_denial(call, subject)) return refuse(call, subject, *denial);
  if (!known) {
    return refuse(
        call, subject,
        {400, "DoesNotExistException", fmt::format("Session with ID {} does not exist.", id)});
  }
  const auto refusal = take_resume_refusal(call.state.faults);
  if (refusal == ResumeRefusal::kDenied)
    return refuse(call, subject, {403, "AccessDeniedException", "Access denied"});
  if (refusal == ResumeRefusal::kExpired) {
    return refuse(call, subject,
                  {403, "ExpiredTokenException",
                   "The security token included in the request is expired"});
  }
  const bool gone = refusal == ResumeRefusal::kGone;
  const auto* resumed = gone ? nullptr : call.state.resume_session(id);
  if (!resumed) {
    // An ended session has no token to give; the plugin reads this as "timed out"
    // (session-manager-plugin sessionhandler.go GetResumeSessionParams).
    write_audit(call, subject, "ended");
    return make_json_answer(200, json::serialize(json::object{{"SessionId", id}}));
  }
  write_audit(call, subject, "ok");
  return make_session_answer(call, *resumed);
}

wire::HttpResponse answer_terminate_session(const ApiCall& call, const json::object& request) {
  const auto id = find_string(request, "SessionId");
  const auto* known = call.state.find_session(id);
  const ApiSubject subject{"ssm:TerminateSession", session_arn(call.state, id),
                           known ? known->target : std::string(), id};
  if (auto denial = find_denial(call, subject)) return refuse(call, subject, *denial);
  const bool ended = call.state.end_session(id, call.now_unix_s);
  write_audit(call, subject, ended ? "ok" : known ? "ended" : "unknown");
  return make_json_answer(200, json::serialize(json::object{{"SessionId", id}}));
}

/// An agent's heartbeat.
wire::HttpResponse answer_update_information(const ApiCall& call, const json::object& request) {
  auto* instance = call.state.find_instance(find_string(request, "InstanceId"));
  if (instance && instance->agent == AgentKind::kReal) {
    const auto take = [&](std::string_view key, std::string& into) {
      if (auto value = find_string(request, key); !value.empty()) into = std::move(value);
    };
    take("AgentVersion", instance->agent_version);
    take("ComputerName", instance->computer_name);
    take("IPAddress", instance->ip_address);
    instance->last_ping_unix_s = call.now_unix_s;
  }
  return make_json_answer(200, "{}");
}

wire::HttpResponse answer_describe(const ApiCall& call, std::string_view operation,
                                   const json::object& request) {
  const ApiSubject subject{"ssm:" + std::string(operation),
                           fmt::format("arn:aws:ssm:{}:{}:*", call.state.region, kAccount), "",
                           ""};
  if (auto denial = find_denial(call, subject)) return refuse(call, subject, *denial);
  auto page = operation == "DescribeSessions" ? describe_sessions(call.state, request)
                                              : describe_instance_information(call, request);
  if (auto* error = std::get_if<ApiError>(&page)) return refuse(call, subject, *error);
  write_audit(call, subject, "ok");
  return make_json_answer(200, json::serialize(std::get<json::object>(page)));
}

}  // namespace

wire::HttpResponse answer_ssm(const ApiCall& call, std::string_view operation,
                              std::string_view body) {
  const auto parsed = parse_json_object(body.empty() ? "{}" : body, "request");
  if (!parsed) return make_json_error({400, "SerializationException", ""});
  const auto& request = *parsed;
  if (operation == "StartSession") return answer_start_session(call, request);
  if (operation == "ResumeSession") return answer_resume_session(call, request);
  if (operation == "TerminateSession") return answer_terminate_session(call, request);
  if (operation == "DescribeSessions" || operation == "DescribeInstanceInformation") {
    return answer_describe(call, operation, request);
  }
  if (is_command_call(operation)) return answer_command_call(call, operation, request);
  // May it be asked for at all? What the resource is, only those above know.
  const ApiSubject subject{"ssm:" + std::string(operation), "*", "", ""};
  if (auto denial = find_denial(call, subject)) return refuse(call, subject, *denial);
  if (operation == "UpdateInstanceInformation") return answer_update_information(call, request);
  for (const auto known : kAgentCalls) {
    if (operation == known) return make_json_answer(200, "{}");
  }
  return make_json_error({400, "UnknownOperationException", ""});
}

}  // namespace passport::lab
