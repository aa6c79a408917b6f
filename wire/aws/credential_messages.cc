#include "wire/aws/credential_messages.h"

#include "base/json.h"
#include "base/text.h"
#include "wire/aws/time.h"

namespace passport::wire::aws {
namespace {

Error malformed(std::string detail) {
  return {Errc::kMalformed, std::move(detail)};
}

Result<IssuedKey> read_key(const json::object& object, std::string_view token_name) {
  IssuedKey out;
  out.key.id = find_string(object, "AccessKeyId");
  out.key.secret = Secret(find_string(object, "SecretAccessKey"));
  out.key.session_token = Secret(find_string(object, token_name));
  if (out.key.id.empty()) return malformed("no AccessKeyId in it");
  if (out.key.secret.empty()) return malformed("no SecretAccessKey in it");
  if (const auto expiration = find_string(object, "Expiration"); !expiration.empty()) {
    out.expires = decode_iso8601(expiration);
    if (!out.expires)
      return malformed("its Expiration \"" + escape_for_terminal(expiration, 40) +
                       "\" is not a time");
  }
  return out;
}

bool is_version_1(const json::object& object) {
  const auto* version = object.if_contains("Version");
  return version != nullptr && version->is_int64() && version->get_int64() == 1;
}

}  // namespace

Result<IssuedKey> parse_process_credentials(std::string_view text) {
  const auto parsed = parse_json_object(text, "its output");
  if (!parsed) return malformed(parsed.error().detail);
  if (!is_version_1(*parsed)) return malformed("its Version is not 1");
  return read_key(*parsed, "SessionToken");
}

Result<IssuedKey> parse_metadata_credentials(std::string_view text) {
  const auto parsed = parse_json_object(text, "its answer");
  if (!parsed) return malformed(parsed.error().detail);
  const auto code = find_string(*parsed, "Code");
  if (!code.empty() && code != "Success")
    return malformed("it answered \"" + escape_for_terminal(code, 100) + "\"");
  return read_key(*parsed, "Token");
}

}  // namespace passport::wire::aws
