#include "wire/aws/role_cache.h"

#include <boost/json/serialize.hpp>

#include "base/json.h"
#include "wire/aws/sha1.h"
#include "wire/aws/time.h"

namespace passport::wire::aws {

std::string role_cache_file(const AssumeRoleRequest& request) {
  // Python's json.dumps(..., sort_keys=True): ", " and ": " between the parts.
  std::string text;
  const auto add = [&text](std::string_view name, const std::string& value) {
    text.append(text.empty() ? "{\"" : ", \"").append(name).append("\": ").append(value);
  };
  const auto add_text = [&add](std::string_view name, const std::string& value) {
    if (!value.empty()) add(name, json::serialize(json::string(value)));
  };
  if (request.duration.count() > 0)
    add("DurationSeconds", std::to_string(request.duration.count()));
  add_text("ExternalId", request.external_id);
  add_text("RoleArn", request.role_arn);
  add_text("RoleSessionName", request.role_session_name);
  add_text("SerialNumber", request.serial_number);
  return sha1_hex(text + "}") + ".json";
}

Result<IssuedKey> parse_cached_role(std::string_view text) {
  const auto malformed = [](std::string detail) {
    return Error{Errc::kMalformed, "cached role: " + std::move(detail)};
  };
  const auto parsed = parse_json_object(text, "text");
  if (!parsed) return malformed(parsed.error().detail);
  const auto* credentials = find_object(*parsed, "Credentials");
  if (credentials == nullptr) return malformed("no Credentials in it");
  IssuedKey out;
  out.key.id = find_string(*credentials, "AccessKeyId");
  out.key.secret = Secret(find_string(*credentials, "SecretAccessKey"));
  out.key.session_token = Secret(find_string(*credentials, "SessionToken"));
  out.expires = decode_iso8601(find_string(*credentials, "Expiration"));
  if (out.key.id.empty() || out.key.secret.empty() || out.key.session_token.empty() ||
      !out.expires)
    return malformed("a part is missing");
  return out;
}

std::string serialize_cached_role(const IssuedKey& key) {
  json::object credentials;
  credentials["AccessKeyId"] = key.key.id;
  credentials["SecretAccessKey"] = std::string(key.key.secret.reveal());
  credentials["SessionToken"] = std::string(key.key.session_token.reveal());
  if (key.expires) credentials["Expiration"] = encode_iso8601(*key.expires);
  json::object out;
  out["Credentials"] = std::move(credentials);
  return json::serialize(out);
}

}  // namespace passport::wire::aws
