#include "wire/aws/sts_messages.h"

#include "wire/aws/percent.h"
#include "wire/aws/query_request.h"
#include "wire/aws/time.h"
#include "wire/aws/xml.h"

namespace passport::wire::aws {
namespace {

constexpr std::string_view kVersion = "2011-06-15";

std::string duration_text(std::chrono::seconds duration) {
  return duration.count() > 0 ? std::to_string(duration.count()) : std::string();
}

Error broken(std::string detail) {
  return {Errc::kProtocol, std::move(detail)};
}

}  // namespace

HttpRequest make_get_caller_identity() {
  return make_query_request("GetCallerIdentity", kVersion, {});
}

HttpRequest make_assume_role(const AssumeRoleRequest& request) {
  const auto duration = duration_text(request.duration);
  auto out = make_query_request("AssumeRole", kVersion,
                                {{"RoleArn", request.role_arn},
                                 {"RoleSessionName", request.role_session_name},
                                 {"ExternalId", request.external_id},
                                 {"DurationSeconds", duration},
                                 {"SerialNumber", request.serial_number},
                                 {"TokenCode", request.token_code.reveal()},
                                 {"Policy", request.policy},
                                 {"SourceIdentity", request.source_identity}});
  unsigned number = 0;
  for (const auto& [key, value] : request.tags) {
    const auto member = "&Tags.member." + std::to_string(++number);
    out.body += member + ".Key=" + encode_percent(key);
    out.body += member + ".Value=" + encode_percent(value);
  }
  return out;
}

HttpRequest make_assume_role_with_web_identity(
    const AssumeRoleWithWebIdentityRequest& request) {
  const auto duration = duration_text(request.duration);
  return make_query_request("AssumeRoleWithWebIdentity", kVersion,
                            {{"RoleArn", request.role_arn},
                             {"RoleSessionName", request.role_session_name},
                             {"WebIdentityToken", request.web_identity_token.reveal()},
                             {"DurationSeconds", duration}});
}

Result<CallerIdentity> parse_caller_identity(std::string_view body) {
  pugi::xml_document document;
  if (!load_xml(document, body)) return broken("answer is not usable XML");
  const auto result =
      find_child(find_child(document, "GetCallerIdentityResponse"), "GetCallerIdentityResult");
  CallerIdentity out{find_child_text(result, "Account"), find_child_text(result, "Arn"),
                     find_child_text(result, "UserId")};
  if (out.account.empty() || out.arn.empty()) return broken("answer without an identity");
  return out;
}

Result<IssuedKey> parse_assumed_role(std::string_view body) {
  pugi::xml_document document;
  if (!load_xml(document, body)) return broken("answer is not usable XML");
  pugi::xml_node result;
  for (const std::string name : {"AssumeRole", "AssumeRoleWithWebIdentity"})
    if (!result) result = find_child(find_child(document, name + "Response"), name + "Result");
  const auto credentials = find_child(result, "Credentials");

  IssuedKey out;
  out.key.id = find_child_text(credentials, "AccessKeyId");
  out.key.secret = Secret(find_child_text(credentials, "SecretAccessKey"));
  out.key.session_token = Secret(find_child_text(credentials, "SessionToken"));
  out.expires = decode_iso8601(find_child_text(credentials, "Expiration"));
  if (out.key.id.empty() || out.key.secret.empty() || out.key.session_token.empty())
    return broken("answer without credentials");
  if (!out.expires) return broken("answer without a usable Expiration");
  return out;
}

}  // namespace passport::wire::aws
