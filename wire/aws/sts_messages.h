// The calls of the Security Token Service: forms and XML answers (the query protocol).
#pragma once
#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "wire/aws/access_key.h"
#include "wire/http.h"

namespace passport::wire::aws {

struct AssumeRoleRequest {
  std::string role_arn;
  std::string role_session_name;
  std::string external_id{};                  ///< empty: none
  std::chrono::seconds duration{0};           ///< 0: the service's own, one hour
  std::string serial_number{};                ///< of an MFA device
  Secret token_code{};                        ///< of that device
  std::string policy{};                       ///< JSON that narrows the role's; empty: none
  std::map<std::string, std::string> tags{};  ///< of the session
  std::string source_identity{};              ///< empty: none
};

struct AssumeRoleWithWebIdentityRequest {
  std::string role_arn;
  std::string role_session_name;
  Secret web_identity_token;
  std::chrono::seconds duration{0};
};

struct CallerIdentity {
  std::string account;
  std::string arn;
  std::string user_id;
};

/// POSTs, not signed. AssumeRoleWithWebIdentity stays so.
HttpRequest make_get_caller_identity();
HttpRequest make_assume_role(const AssumeRoleRequest& request);
HttpRequest make_assume_role_with_web_identity(const AssumeRoleWithWebIdentityRequest& request);

/// XML namespaces do not count. Errors: kProtocol when a part is missing.
Result<CallerIdentity> parse_caller_identity(std::string_view body);
/// Of both AssumeRole calls.
Result<IssuedKey> parse_assumed_role(std::string_view body);

}  // namespace passport::wire::aws
