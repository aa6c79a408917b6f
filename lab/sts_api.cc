#include "lab/sts_api.h"

#include <charconv>
#include <optional>
#include <variant>

#include <fmt/format.h>
#include <openssl/crypto.h>

#include "base/text.h"
#include "lab/iam_policy.h"
#include "lab/time_text.h"

namespace passport::lab {
namespace {

constexpr std::int64_t kShortestLifeS = 900;
constexpr std::int64_t kLongestLifeS = 43200;
constexpr std::int64_t kDefaultLifeS = 3600;
constexpr unsigned kMaxTags = 50;

wire::HttpResponse make_answer(const ServiceState& state, std::string_view action,
                               std::string_view result) {
  return make_xml_answer(
      200, fmt::format("<{0}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
                       "<{0}Result>{1}</{0}Result>\n"
                       "<ResponseMetadata><RequestId>{2}</RequestId></ResponseMetadata>\n"
                       "</{0}Response>\n",
                       action, result, state.random_hex(16)));
}

struct RoleWanted {
  std::string arn;
  std::string role;
  std::string session_name;
  std::int64_t life_s = kDefaultLifeS;
  std::string source_identity{};
  std::map<std::string, std::string> tags{};
  std::string policy{};
};

ApiError validation_error(std::string message) {
  return {400, "ValidationError", std::move(message)};
}

std::variant<RoleWanted, ApiError> read_role(const QueryItems& parameters) {
  RoleWanted out{find_item(parameters, "RoleArn"), "",
                 find_item(parameters, "RoleSessionName")};
  const auto prefix = fmt::format("arn:aws:iam::{}:role/", kAccount);
  if (!out.arn.starts_with(prefix) || out.arn.size() == prefix.size()) {
    return validation_error(fmt::format("{} is invalid", out.arn));
  }
  out.role = out.arn.substr(out.arn.rfind('/') + 1);
  const bool name_ok = out.session_name.size() >= 2 && out.session_name.size() <= 64 &&
                       out.session_name.find_first_not_of(
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                           "0123456789_+=,.@-") == std::string::npos;
  if (!name_ok) {
    return validation_error(
        fmt::format("1 validation error detected: Value '{}' at 'roleSessionName' "
                    "failed to satisfy constraint: Member must satisfy regular "
                    "expression pattern: [\\w+=,.@-]*",
                    out.session_name));
  }
  if (const auto text = find_item(parameters, "DurationSeconds"); !text.empty()) {
    const auto* end = text.data() + text.size();
    const auto r = std::from_chars(text.data(), end, out.life_s);
    if (r.ec != std::errc() || r.ptr != end || out.life_s < kShortestLifeS ||
        out.life_s > kLongestLifeS) {
      return validation_error(
          "The requested DurationSeconds exceeds the MaxSessionDuration set for "
          "this role.");
    }
  }
  out.source_identity = find_item(parameters, "SourceIdentity");
  for (unsigned i = 1; i <= kMaxTags; ++i) {
    const auto key = find_item(parameters, fmt::format("Tags.member.{}.Key", i));
    if (key.empty()) break;
    out.tags[key] = find_item(parameters, fmt::format("Tags.member.{}.Value", i));
  }
  out.policy = find_item(parameters, "Policy");
  if (out.policy.empty()) return out;
  if (const auto policy = IamPolicy::parse(out.policy); !policy)
    return ApiError{400, "MalformedPolicyDocument", policy.error().detail};
  return out;
}

std::string assume(ServiceState& state, const RoleWanted& wanted, std::int64_t now) {
  const auto user_id = state.random_letters("AROA", 17) + ":" + wanted.session_name;
  const auto arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", kAccount, wanted.role,
                               wanted.session_name);
  const auto key = state.add_role_key({arn, user_id, wanted.session_name, wanted.arn,
                                       wanted.source_identity, wanted.tags, wanted.policy},
                                      now + wanted.life_s);
  return fmt::format(
      "<AssumedRoleUser><AssumedRoleId>{}</AssumedRoleId><Arn>{}</Arn></AssumedRoleUser>"
      "<Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey>"
      "<SessionToken>{}</SessionToken><Expiration>{}</Expiration></Credentials>",
      escape_xml(user_id), escape_xml(arn), key.access_key_id, key.secret.reveal(),
      key.session_token.reveal(), format_iso_time(key.expires_unix_s));
}

/// What is wrong with the MFA code, or with there being none.
std::optional<ApiError> check_mfa(const ApiCall& call, const RoleWanted& wanted,
                                  const QueryItems& parameters) {
  const auto serial = find_item(parameters, "SerialNumber");
  const auto code = find_item(parameters, "TokenCode");
  if (serial.empty() && code.empty()) {
    if (!wanted.role.starts_with(kMfaRoles)) return std::nullopt;
    return ApiError{403, "AccessDenied",
                    fmt::format("User: {} is not authorized to perform: sts:AssumeRole on "
                                "resource: {}",
                                call.principal.arn, wanted.arn)};
  }
  const auto want = call.state.mfa_code.reveal();
  if (serial == kMfaDevice && !want.empty() && code == want) return std::nullopt;
  return ApiError{403, "AccessDenied",
                  "MultiFactorAuthentication failed with invalid MFA one time pass code. "};
}

/// By the caller's own policies, and by the role's trust policy where it has one.
std::optional<ApiError> find_assume_denial(const ApiCall& call, const ApiSubject& subject) {
  if (auto denial = find_denial(call, subject)) return denial;
  const auto trust = call.state.faults.trusts.find(subject.resource);
  if (trust == call.state.faults.trusts.end()) return std::nullopt;
  IamRequest request{subject.action, call.principal.identity, subject.context};
  request.context["aws:principalarn"] = call.principal.identity;
  const auto policy = IamPolicy::parse(trust->second, IamPolicy::Form::kTrust);
  if (policy && policy->evaluate(request) == IamEffect::kAllow) return std::nullopt;
  return ApiError{403, "AccessDenied",
                  fmt::format("User: {} is not authorized to perform: {} on resource: {}",
                              call.principal.arn, subject.action, subject.resource)};
}

/// What AssumeRole with these parameters has to be allowed, in the order it is looked at.
std::vector<ApiSubject> make_assume_subjects(const QueryItems& parameters) {
  const auto role = find_item(parameters, "RoleArn");
  ApiSubject subject{"sts:AssumeRole", role, role, ""};
  const auto add = [&](const std::string& key, const std::string& value) {
    if (!value.empty()) subject.context[to_lower(key)] = value;
  };
  add("sts:ExternalId", find_item(parameters, "ExternalId"));
  add("sts:RoleSessionName", find_item(parameters, "RoleSessionName"));
  add("sts:SourceIdentity", find_item(parameters, "SourceIdentity"));
  for (unsigned i = 1; i <= kMaxTags; ++i) {
    const auto key = find_item(parameters, fmt::format("Tags.member.{}.Key", i));
    if (key.empty()) break;
    add("aws:RequestTag/" + key, find_item(parameters, fmt::format("Tags.member.{}.Value", i)));
  }
  std::vector<ApiSubject> out{subject};
  if (subject.context.contains("sts:sourceidentity")) {
    out.push_back(subject);
    out.back().action = "sts:SetSourceIdentity";
  }
  if (!find_item(parameters, "Tags.member.1.Key").empty()) {
    out.push_back(subject);
    out.back().action = "sts:TagSession";
  }
  return out;
}

wire::HttpResponse answer_assume_role(const ApiCall& call, const QueryItems& parameters) {
  const auto subjects = make_assume_subjects(parameters);
  const auto& subject = subjects.front();
  for (const auto& asked : subjects) {
    if (auto denial = find_assume_denial(call, asked)) {
      denial->status = 403;
      denial->code = "AccessDenied";
      write_audit(call, asked, denial->code);
      return make_sts_error(call.state, *denial);
    }
  }
  const auto wanted = read_role(parameters);
  if (const auto* error = std::get_if<ApiError>(&wanted)) {
    write_audit(call, subject, error->code);
    return make_sts_error(call.state, *error);
  }
  if (const auto error = check_mfa(call, std::get<RoleWanted>(wanted), parameters)) {
    write_audit(call, subject, error->code);
    return make_sts_error(call.state, *error);
  }
  write_audit(call, subject, "ok");
  return make_answer(call.state, "AssumeRole",
                     assume(call.state, std::get<RoleWanted>(wanted), call.now_unix_s));
}

}  // namespace

wire::HttpResponse make_sts_error(const ServiceState& state, const ApiError& error) {
  return make_xml_answer(
      error.status,
      fmt::format("<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
                  "<Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error>\n"
                  "<RequestId>{}</RequestId>\n</ErrorResponse>\n",
                  error.code, escape_xml(error.message), state.random_hex(16)));
}

wire::HttpResponse answer_sts(const ApiCall& call, const QueryItems& parameters) {
  const auto action = find_item(parameters, "Action");
  if (action == "GetCallerIdentity") {
    write_audit(call, {"sts:GetCallerIdentity", "*", "", ""}, "ok");
    return make_answer(call.state, action,
                       fmt::format("<Arn>{}</Arn><UserId>{}</UserId><Account>{}</Account>",
                                   escape_xml(call.principal.arn),
                                   escape_xml(call.principal.user_id), kAccount));
  }
  if (action == "AssumeRole") return answer_assume_role(call, parameters);
  return make_sts_error(call.state, {400, "InvalidAction",
                                     fmt::format("Could not find operation {} for version {}",
                                                 action, find_item(parameters, "Version"))});
}

wire::HttpResponse answer_web_identity(ServiceState& state, const QueryItems& parameters,
                                       std::int64_t now_unix_s) {
  const auto audit = [&](std::string result) {
    state.audit({now_unix_s, "", "sts:AssumeRoleWithWebIdentity",
                 find_item(parameters, "RoleArn"), "", std::move(result)});
  };
  const auto token = find_item(parameters, "WebIdentityToken");
  const auto want = state.web_identity_token.reveal();
  if (want.empty() || token.size() != want.size() ||
      CRYPTO_memcmp(token.data(), want.data(), want.size()) != 0) {
    audit("InvalidIdentityToken");
    return make_sts_error(state,
                          {400, "InvalidIdentityToken",
                           "The ID Token provided is not a valid JWT. (You may see this error "
                           "if you sent an Access Token)"});
  }
  const auto wanted = read_role(parameters);
  if (const auto* error = std::get_if<ApiError>(&wanted)) {
    audit(error->code);
    return make_sts_error(state, *error);
  }
  audit("ok");
  return make_answer(state, "AssumeRoleWithWebIdentity",
                     assume(state, std::get<RoleWanted>(wanted), now_unix_s));
}

}  // namespace passport::lab
