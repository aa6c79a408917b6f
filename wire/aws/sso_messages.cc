#include "wire/aws/sso_messages.h"

#include <boost/json/serialize.hpp>

#include "base/json.h"
#include "wire/aws/percent.h"
#include "wire/aws/sha1.h"
#include "wire/aws/time.h"

namespace passport::wire::aws {
namespace {

/// More than this is no lifetime of a token.
constexpr std::int64_t kLongestLifeS = 366 * 86400;

Error malformed(std::string detail) {
  return {Errc::kMalformed, std::move(detail)};
}
Error broken(std::string detail) {
  return {Errc::kProtocol, std::move(detail)};
}

std::int64_t find_number(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  const auto* number = value != nullptr ? value->if_int64() : nullptr;
  return number != nullptr ? *number : -1;
}

}  // namespace

std::string sso_token_file(std::string_view session_or_start_url) {
  return sha1_hex(session_or_start_url) + ".json";
}

Result<SsoToken> parse_sso_token(std::string_view text) {
  const auto parsed = parse_json_object(text, "SSO token");
  if (!parsed) return malformed(parsed.error().detail);
  const auto expires = decode_iso8601(find_string(*parsed, "expiresAt"));
  SsoToken out;
  out.start_url = find_string(*parsed, "startUrl");
  out.region = find_string(*parsed, "region");
  out.access_token = Secret(find_string(*parsed, "accessToken"));
  out.client_id = find_string(*parsed, "clientId");
  out.client_secret = Secret(find_string(*parsed, "clientSecret"));
  out.refresh_token = Secret(find_string(*parsed, "refreshToken"));
  out.registration_expires = decode_iso8601(find_string(*parsed, "registrationExpiresAt"));
  if (out.access_token.empty()) return malformed("SSO token: no accessToken in it");
  if (!expires) return malformed("SSO token: no usable expiresAt in it");
  out.expires = *expires;
  return out;
}

std::string serialize_sso_token(const SsoToken& token) {
  json::object out;
  out["startUrl"] = token.start_url;
  out["region"] = token.region;
  out["accessToken"] = std::string(token.access_token.reveal());
  out["expiresAt"] = encode_iso8601(token.expires);
  out["clientId"] = token.client_id;
  out["clientSecret"] = std::string(token.client_secret.reveal());
  if (token.registration_expires)
    out["registrationExpiresAt"] = encode_iso8601(*token.registration_expires);
  if (!token.refresh_token.empty())
    out["refreshToken"] = std::string(token.refresh_token.reveal());
  return json::serialize(out);
}

HttpRequest make_create_token(const SsoToken& token) {
  json::object body;
  body["grantType"] = "refresh_token";
  body["clientId"] = token.client_id;
  body["clientSecret"] = std::string(token.client_secret.reveal());
  body["refreshToken"] = std::string(token.refresh_token.reveal());
  HttpRequest request;
  request.method = "POST";
  request.target = "/token";
  request.headers = {{"Content-Type", "application/json"}};
  request.body = json::serialize(body);
  return request;
}

Result<SsoToken> parse_created_token(std::string_view body, const SsoToken& old,
                                     std::chrono::sys_seconds now) {
  const auto parsed = parse_json_object(body, "answer");
  if (!parsed) return broken(parsed.error().detail);
  auto out = old;
  out.access_token = Secret(find_string(*parsed, "accessToken"));
  out.refresh_token = Secret(find_string(*parsed, "refreshToken"));
  const auto life = find_number(*parsed, "expiresIn");
  if (out.access_token.empty()) return broken("answer without an accessToken");
  if (life <= 0 || life > kLongestLifeS) return broken("answer without a usable expiresIn");
  out.expires = now + std::chrono::seconds(life);
  return out;
}

HttpRequest make_get_role_credentials(std::string_view account, std::string_view role,
                                      const Secret& access_token) {
  HttpRequest request;
  request.target = "/federation/credentials?account_id=" + encode_percent(account) +
                   "&role_name=" + encode_percent(role);
  request.headers = {{"x-amz-sso_bearer_token", std::string(access_token.reveal())}};
  return request;
}

Result<IssuedKey> parse_role_credentials(std::string_view body) {
  const auto parsed = parse_json_object(body, "answer");
  if (!parsed) return broken(parsed.error().detail);
  const auto* credentials = find_object(*parsed, "roleCredentials");
  if (credentials == nullptr) return broken("answer without roleCredentials");
  IssuedKey out;
  out.key.id = find_string(*credentials, "accessKeyId");
  out.key.secret = Secret(find_string(*credentials, "secretAccessKey"));
  out.key.session_token = Secret(find_string(*credentials, "sessionToken"));
  const auto expires_ms = find_number(*credentials, "expiration");
  if (out.key.id.empty() || out.key.secret.empty() || out.key.session_token.empty())
    return broken("answer without credentials");
  if (expires_ms <= 0) return broken("answer without a usable expiration");
  out.expires = std::chrono::sys_seconds(std::chrono::seconds(expires_ms / 1000));
  return out;
}

}  // namespace passport::wire::aws
