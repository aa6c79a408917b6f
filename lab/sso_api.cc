#include "lab/sso_api.h"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <openssl/crypto.h>

#include "base/json.h"
#include "lab/api_call.h"
#include "lab/query.h"
#include "lab/time_text.h"

namespace passport::lab {
namespace {

constexpr std::string_view kTokenPath = "/token";
constexpr std::string_view kCredentialsPath = "/federation/credentials";
constexpr std::int64_t kTokenLifeS = 3600;
constexpr std::int64_t kRegistrationLifeS = 90 * 86400;
constexpr std::int64_t kKeyLifeS = 3600;

bool is_same(std::string_view text, const Secret& secret) {
  const auto want = secret.reveal();
  return !want.empty() && text.size() == want.size() &&
         CRYPTO_memcmp(text.data(), want.data(), want.size()) == 0;
}

wire::HttpResponse make_answer(int status, const json::object& body) {
  return {status, {{"Content-Type", "application/json"}}, json::serialize(body)};
}

wire::HttpResponse make_error(int status, std::string code, json::object body) {
  auto answer = make_answer(status, body);
  answer.headers.emplace_back("x-amzn-ErrorType", std::move(code));
  return answer;
}

void renew_tokens(ServiceState& state) {
  state.sso.access_token = Secret("aoa" + state.random_hex(32));
  state.sso.refresh_token = Secret("aor" + state.random_hex(32));
}

wire::HttpResponse answer_create_token(ServiceState& state, const std::string& body,
                                       std::int64_t now) {
  const auto audit = [&](std::string result) {
    state.audit({now, "", "sso-oidc:CreateToken", "", "", std::move(result)});
  };
  const auto parsed = parse_json_object(body, "body");
  const auto asked = parsed ? *parsed : json::object();
  const bool known = find_string(asked, "clientId") == state.sso.client_id &&
                     is_same(find_string(asked, "clientSecret"), state.sso.client_secret);
  if (!known) {
    audit("InvalidClientException");
    return make_error(401, "InvalidClientException", {{"error", "invalid_client"}});
  }
  if (find_string(asked, "grantType") != "refresh_token" ||
      !is_same(find_string(asked, "refreshToken"), state.sso.refresh_token)) {
    audit("InvalidGrantException");
    return make_error(
        400, "InvalidGrantException",
        {{"error", "invalid_grant"}, {"error_description", "Invalid refresh token provided"}});
  }
  renew_tokens(state);
  audit("ok");
  return make_answer(200, {{"accessToken", state.sso.access_token.reveal()},
                           {"expiresIn", kTokenLifeS},
                           {"refreshToken", state.sso.refresh_token.reveal()},
                           {"tokenType", "Bearer"}});
}

wire::HttpResponse answer_role_credentials(ServiceState& state,
                                           const wire::HttpRequest& request, std::int64_t now) {
  const auto items = parse_query(split_target(request.target).second);
  const auto role = find_item(items, "role_name");
  const auto audit = [&](std::string result) {
    state.audit({now, "", "sso:GetRoleCredentials", role, "", std::move(result)});
  };
  const auto token = wire::find_header(request.headers, "x-amz-sso_bearer_token");
  if (!is_same(token, state.sso.access_token)) {
    audit("UnauthorizedException");
    return make_error(401, "UnauthorizedException",
                      {{"message", "Session token not found or invalid"}});
  }
  if (find_item(items, "account_id") != kAccount || role.empty()) {
    audit("ForbiddenException");
    return make_error(403, "ForbiddenException", {{"message", "No access"}});
  }
  const auto name = fmt::format("AWSReservedSSO_{}", role);
  const auto key =
      state.add_role_key({fmt::format("arn:aws:sts::{}:assumed-role/{}/lab", kAccount, name),
                          state.random_letters("AROA", 17) + ":lab", "lab"},
                         now + kKeyLifeS);
  audit("ok");
  return make_answer(
      200, {{"roleCredentials", json::object{{"accessKeyId", key.access_key_id},
                                             {"secretAccessKey", key.secret.reveal()},
                                             {"sessionToken", key.session_token.reveal()},
                                             {"expiration", key.expires_unix_s * 1000}}}});
}

}  // namespace

bool is_sso_target(std::string_view target) {
  const auto path = split_target(target).first;
  return path == kTokenPath || path == kCredentialsPath;
}

wire::HttpResponse answer_sso(ServiceState& state, const wire::HttpRequest& request,
                              std::int64_t now_unix_s) {
  if (split_target(request.target).first == kTokenPath)
    return answer_create_token(state, request.body, now_unix_s);
  return answer_role_credentials(state, request, now_unix_s);
}

std::string make_sso_login(ServiceState& state, std::int64_t now_unix_s) {
  state.sso.client_id = state.random_hex(16);
  state.sso.client_secret = Secret(state.random_hex(32));
  renew_tokens(state);
  return json::serialize(
      json::object{{"startUrl", "https://lab.awsapps.com/start"},
                   {"region", state.region},
                   {"accessToken", state.sso.access_token.reveal()},
                   {"expiresAt", format_iso_time(now_unix_s + kTokenLifeS)},
                   {"clientId", state.sso.client_id},
                   {"clientSecret", state.sso.client_secret.reveal()},
                   {"registrationExpiresAt", format_iso_time(now_unix_s + kRegistrationLifeS)},
                   {"refreshToken", state.sso.refresh_token.reveal()}});
}

}  // namespace passport::lab
