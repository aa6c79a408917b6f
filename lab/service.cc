#include "lab/service.h"

#include <algorithm>
#include <array>
#include <variant>

#include <fmt/format.h>

#include "lab/ec2_api.h"
#include "lab/kms_api.h"
#include "lab/query.h"
#include "lab/ssm_api.h"
#include "lab/sso_api.h"
#include "lab/sts_api.h"

namespace passport::lab {
namespace {

/// A service of JSON 1.1: what its X-Amz-Target begins with, and what requests are signed for.
struct JsonService {
  std::string_view prefix;
  std::string_view name;
};
/// An agent without a control channel falls back to polling for messages.
constexpr std::string_view kMessages = "ec2messages";
constexpr std::string_view kKms = "kms";
constexpr std::array<JsonService, 3> kJsonServices = {
    {{"AmazonSSM.", "ssm"},
     {"TrentService.", kKms},
     {"EC2WindowsMessageDeliveryService.", kMessages}}};

constexpr std::string_view kControlPath = "/v1/control-channel/";
constexpr std::string_view kDataPath = "/v1/data-channel/";

/// How a JSON service names a failed signature.
ApiError make_json_fault(const SigV4Failure& failure) {
  switch (failure.fault) {
    case SigV4Fault::kMissing:
      return {400, "MissingAuthenticationTokenException", "Missing Authentication Token"};
    case SigV4Fault::kIncomplete:
      return {400, "IncompleteSignatureException", failure.message};
    case SigV4Fault::kUnknownKey:
      return {400, "UnrecognizedClientException", failure.message};
    case SigV4Fault::kExpired:
      return {400, "ExpiredTokenException", failure.message};
    case SigV4Fault::kMismatch:
      break;
  }
  return {400, "InvalidSignatureException", failure.message};
}

/// How a query service names it.
ApiError make_query_fault(const SigV4Failure& failure) {
  switch (failure.fault) {
    case SigV4Fault::kMissing:
      return {403, "MissingAuthenticationToken", failure.message};
    case SigV4Fault::kIncomplete:
      return {400, "IncompleteSignature", failure.message};
    case SigV4Fault::kUnknownKey:
      return {403, "InvalidClientTokenId", failure.message};
    case SigV4Fault::kExpired:
      return {403, "ExpiredToken", failure.message};
    case SigV4Fault::kMismatch:
      break;
  }
  return {403, "SignatureDoesNotMatch", failure.message};
}

/// EC2 has few words for it.
ApiError make_ec2_fault(const SigV4Failure& failure) {
  if (failure.fault == SigV4Fault::kExpired)
    return {400, "RequestExpired", "Request has expired."};
  return {401, "AuthFailure", "AWS was not able to validate the provided access credentials"};
}

std::variant<Principal, SigV4Failure> authenticate(const ServiceState& state,
                                                   const wire::HttpRequest& request,
                                                   const std::string& service,
                                                   std::int64_t now) {
  const auto verdict = verify_sigv4(
      request, {service, state.region}, [&](std::string_view id) { return state.find_key(id); },
      now);
  if (const auto* failure = std::get_if<SigV4Failure>(&verdict)) return *failure;
  return *state.find_principal(std::get<std::string>(verdict));
}

wire::HttpResponse answer_json_service(ServiceState& state, const wire::HttpRequest& request,
                                       std::string_view target, std::int64_t now) {
  const auto* const service =
      std::find_if(kJsonServices.begin(), kJsonServices.end(),
                   [&](const auto& known) { return target.starts_with(known.prefix); });
  if (service == kJsonServices.end())
    return make_json_error({400, "UnknownOperationException", ""});
  const auto operation = target.substr(service->prefix.size());
  const auto caller = authenticate(state, request, std::string(service->name), now);
  if (const auto* failure = std::get_if<SigV4Failure>(&caller)) {
    const auto error = make_json_fault(*failure);
    state.audit({now, "", fmt::format("{}:{}", service->name, operation), "", "", error.code});
    return make_json_error(error);
  }
  if (service->name == kMessages) return make_json_answer(200, "{}");
  const ApiCall call{state, std::get<Principal>(caller), now};
  return service->name == kKms ? answer_kms(call, operation, request.body)
                               : answer_ssm(call, operation, request.body);
}

wire::HttpResponse answer_query_service(ServiceState& state, const wire::HttpRequest& request,
                                        std::int64_t now) {
  const auto parameters =
      parse_query(request.method == "POST" ? std::string_view(request.body)
                                           : split_target(request.target).second);
  const auto action = find_item(parameters, "Action");
  if (action == "AssumeRoleWithWebIdentity") return answer_web_identity(state, parameters, now);
  // At AWS the host says which service it is; here all have the same.
  const bool ec2 = find_item(parameters, "Version") == kEc2Version;
  const std::string service = ec2 ? "ec2" : "sts";
  const auto caller = authenticate(state, request, service, now);
  if (const auto* failure = std::get_if<SigV4Failure>(&caller)) {
    const auto error = ec2 ? make_ec2_fault(*failure) : make_query_fault(*failure);
    state.audit({now, "", service + ":" + action, "", "", error.code});
    return ec2 ? make_ec2_error(state, error) : make_sts_error(state, error);
  }
  const ApiCall call{state, std::get<Principal>(caller), now};
  return ec2 ? answer_ec2(call, parameters) : answer_sts(call, parameters);
}

wire::HttpResponse make_gateway_error(int status, std::string_view code,
                                      std::string_view message) {
  return make_xml_answer(
      status, fmt::format("<{0}><message>{1}</message></{0}>", code, escape_xml(message)));
}

/// CreateControlChannel and CreateDataChannel.
wire::HttpResponse answer_create_channel(ServiceState& state, const wire::HttpRequest& request,
                                         const ChannelTarget& target, std::int64_t now) {
  const auto caller = authenticate(state, request, "ssmmessages", now);
  if (const auto* failure = std::get_if<SigV4Failure>(&caller)) {
    return make_gateway_error(403, "AccessDeniedException", failure->message);
  }
  const bool control = target.kind == ChannelTarget::Kind::kControl;
  const std::string_view name = control ? "CreateControlChannel" : "CreateDataChannel";
  const auto action = "ssmmessages:" + std::string(name);
  const ApiCall call{state, std::get<Principal>(caller), now};
  if (const auto denial = find_denial(call, {action, "*", "", ""}))
    return make_gateway_error(403, "AccessDeniedException", denial->message);
  const auto token =
      control ? state.issue_control_token(target.id) : state.issue_agent_token(target.id);
  if (token.empty()) {
    return make_gateway_error(
        400, "ValidationException",
        fmt::format("{} {} does not exist", control ? "instance" : "session", target.id));
  }
  state.audit({now, call.principal.arn, action, control ? target.id : "",
               control ? "" : target.id, "ok"});
  return make_xml_answer(
      201, fmt::format("<{0}Response><MessageSchemaVersion>1.0</MessageSchemaVersion>"
                       "<TokenValue>{1}</TokenValue></{0}Response>",
                       name, token));
}

bool is_form(const wire::HttpRequest& request) {
  return wire::find_header(request.headers, "content-type")
      .starts_with("application/x-www-form-urlencoded");
}

}  // namespace

wire::HttpResponse answer_request(ServiceState& state, const wire::HttpRequest& request,
                                  std::int64_t now_unix_s) {
  if (const auto channel = parse_channel_target(request.target)) {
    if (request.method == "POST")
      return answer_create_channel(state, request, *channel, now_unix_s);
    return make_gateway_error(426, "UpgradeRequired", "a websocket upgrade is expected here");
  }
  if (is_sso_target(request.target)) return answer_sso(state, request, now_unix_s);
  const auto [path, query] = split_target(request.target);
  const auto target = wire::find_header(request.headers, "x-amz-target");
  if (path == "/" && request.method == "POST" && !target.empty()) {
    return answer_json_service(state, request, target, now_unix_s);
  }
  if (path == "/" && (request.method == "POST" ? is_form(request) : !query.empty())) {
    return answer_query_service(state, request, now_unix_s);
  }
  return make_json_error({404, "UnknownOperationException", ""});
}

std::optional<ChannelTarget> parse_channel_target(std::string_view target) {
  const auto [path, query] = split_target(target);
  ChannelTarget out;
  std::string_view id;
  if (path.starts_with(kControlPath)) {
    out.kind = ChannelTarget::Kind::kControl;
    id = path.substr(kControlPath.size());
  } else if (path.starts_with(kDataPath)) {
    id = path.substr(kDataPath.size());
  }
  if (id.empty() || id.find('/') != std::string_view::npos) return std::nullopt;
  const auto items = parse_query(query);
  out.id = decode_percent(id);
  out.role = find_item(items, "role");
  out.cell_number = find_item(items, "cell-number");
  return out;
}

wire::HttpResponse answer_upgrade(ServiceState& state, const wire::HttpRequest& request,
                                  std::int64_t now_unix_s) {
  const auto target = parse_channel_target(request.target);
  if (!target) return make_gateway_error(404, "NotFoundException", "no such channel");
  const bool control = target->kind == ChannelTarget::Kind::kControl;
  const std::string action =
      control ? "ssmmessages:OpenControlChannel" : "ssmmessages:OpenDataChannel";
  AuditEntry entry{now_unix_s, "", action, control ? target->id : "", control ? "" : target->id,
                   ""};
  const auto refuse = [&](int status, std::string_view code, std::string_view message) {
    entry.result = code;
    state.audit(entry);
    return make_gateway_error(status, code, message);
  };

  const auto caller = authenticate(state, request, "ssmmessages", now_unix_s);
  if (const auto* failure = std::get_if<SigV4Failure>(&caller)) {
    return refuse(403, "AccessDeniedException", failure->message);
  }
  const ApiCall call{state, std::get<Principal>(caller), now_unix_s};
  entry.principal = call.principal.arn;
  const auto resource =
      control ? std::string("*")
              : fmt::format("arn:aws:ssm:{}:{}:session/{}", state.region, kAccount, target->id);
  if (const auto denial = find_denial(call, {action, resource, "", ""})) {
    return refuse(403, "AccessDeniedException", denial->message);
  }
  if (target->role != (control ? "subscribe" : "publish_subscribe")) {
    return refuse(400, "ValidationException", "wrong role");
  }
  if (control) {
    if (!state.find_instance(target->id))
      return refuse(404, "NotFoundException", "no such instance");
    return {101, {}, {}};
  }
  const auto* session = state.find_session(target->id);
  if (!session) return refuse(404, "NotFoundException", "no such session");
  if (session->state == SessionState::kTerminated) {
    return refuse(410, "GoneException", "the session has ended");
  }
  const bool agent = target->cell_number.empty() && !session->agent_token.empty();
  if (!agent && target->cell_number != session->cell_number) {
    return refuse(410, "GoneException", "the stream URL has been replaced");
  }
  return {101, {}, {}};
}

}  // namespace passport::lab
