// IAM Identity Center (SSO): the AWS CLI's cached token, its refresh, and the keys it is worth.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "wire/aws/access_key.h"
#include "wire/http.h"

namespace passport::wire::aws {

/// A file of ~/.aws/sso/cache, as `aws sso login` writes it.
struct SsoToken {
  std::string start_url{};
  std::string region{};
  Secret access_token{};
  std::chrono::sys_seconds expires{};
  // To get another one; empty where the login was without.
  std::string client_id{};
  Secret client_secret{};
  Secret refresh_token{};
  std::optional<std::chrono::sys_seconds> registration_expires{};

  bool can_refresh(std::chrono::sys_seconds now) const {
    return !client_id.empty() && !client_secret.empty() && !refresh_token.empty() &&
           registration_expires && now < *registration_expires;
  }
};

/// The file's name: SHA-1 of the sso-session's name, or of the start URL where a profile has
/// none.
std::string sso_token_file(std::string_view session_or_start_url);

/// Errors: kMalformed, without any of the text.
Result<SsoToken> parse_sso_token(std::string_view text);
std::string serialize_sso_token(const SsoToken& token);

/// POSTs to sso-oidc, not signed.
HttpRequest make_create_token(const SsoToken& token);
/// `old` renewed by the answer. Errors: kProtocol, without any of the text.
Result<SsoToken> parse_created_token(std::string_view body, const SsoToken& old,
                                     std::chrono::sys_seconds now);

/// GETs from sso, not signed: the token is the proof.
HttpRequest make_get_role_credentials(std::string_view account, std::string_view role,
                                      const Secret& access_token);
/// Errors: kProtocol, without any of the text.
Result<IssuedKey> parse_role_credentials(std::string_view body);

}  // namespace passport::wire::aws
