#include "lab/api_call.h"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "lab/iam_policy.h"
#include "lab/time_text.h"

namespace passport::lab {

namespace {

struct CallerPolicies {
  std::optional<IamPolicy> identity{};
  std::optional<IamPolicy> session{};
};

/// What does not parse was refused when it was given.
std::optional<IamPolicy> load_policy(std::string_view document) {
  auto parsed = IamPolicy::parse(document);
  if (!parsed) return IamPolicy();
  return std::move(*parsed);
}

CallerPolicies load_policies(const ApiCall& call) {
  CallerPolicies out;
  const auto& given = call.state.faults.policies;
  if (const auto it = given.find(call.principal.identity); it != given.end())
    out.identity = load_policy(it->second);
  if (!call.principal.session_policy.empty())
    out.session = load_policy(call.principal.session_policy);
  return out;
}

IamRequest make_request(const ApiCall& call, const ApiSubject& subject) {
  IamRequest out{subject.action, subject.resource, subject.context};
  const auto& caller = call.principal;
  out.context["aws:currenttime"] = format_iso_time(call.now_unix_s);
  out.context["aws:epochtime"] = std::to_string(call.now_unix_s);
  out.context["aws:userid"] = caller.user_id;
  out.context["aws:principalarn"] = caller.identity;
  if (caller.arn == caller.identity) out.context["aws:username"] = caller.name;
  if (!caller.source_identity.empty())
    out.context["aws:sourceidentity"] = caller.source_identity;
  for (const auto& [key, value] : caller.tags)
    out.context["aws:principaltag/" + to_lower(key)] = value;
  return out;
}

const IamPolicy* pointer_to(const std::optional<IamPolicy>& policy) {
  return policy ? &*policy : nullptr;
}

}  // namespace

std::optional<ApiError> find_denial(const ApiCall& call, const ApiSubject& subject) {
  const auto& deny = call.state.faults.deny;
  const auto name = subject.action.substr(subject.action.find(':') + 1);
  std::optional<std::string> reason;
  if (deny.contains(subject.action) || deny.contains(name)) {
    const IamPolicy nothing;
    reason = find_iam_denial(&nothing, nullptr, {subject.action, subject.resource});
  } else {
    const auto policies = load_policies(call);
    reason = find_iam_denial(pointer_to(policies.identity), pointer_to(policies.session),
                             make_request(call, subject));
  }
  if (!reason) return std::nullopt;
  return ApiError{400, "AccessDeniedException",
                  fmt::format("User: {} is not authorized to perform: {} on resource: {} {}",
                              call.principal.arn, subject.action, subject.resource, *reason)};
}

bool policies_ask_for(const ApiCall& call, std::string_view context_key) {
  const auto policies = load_policies(call);
  return (policies.identity && policies.identity->asks_for(context_key)) ||
         (policies.session && policies.session->asks_for(context_key));
}

void write_audit(const ApiCall& call, const ApiSubject& subject, std::string result) {
  call.state.audit({call.now_unix_s, call.principal.arn, subject.action, subject.target,
                    subject.session, std::move(result)});
}

wire::HttpResponse make_json_answer(int status, std::string body) {
  return {status, {{"Content-Type", "application/x-amz-json-1.1"}}, std::move(body)};
}

wire::HttpResponse make_json_error(const ApiError& error) {
  return make_json_answer(
      error.status,
      json::serialize(json::object{{"__type", error.code}, {"message", error.message}}));
}

wire::HttpResponse refuse(const ApiCall& call, const ApiSubject& subject,
                          const ApiError& error) {
  write_audit(call, subject, error.code);
  return make_json_error(error);
}

wire::HttpResponse make_xml_answer(int status, std::string body) {
  return {status, {{"Content-Type", "text/xml"}}, std::move(body)};
}

std::string escape_xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? fmt::format("&#{};", int{c})
                                                    : std::string(1, c);
    }
  }
  return out;
}

}  // namespace passport::lab
