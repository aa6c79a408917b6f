// The lab's IAM Identity Center: one login, its refresh, and keys of roles for it.
#pragma once
#include <cstdint>
#include <string>

#include "lab/service_state.h"
#include "wire/http.h"

namespace passport::lab {

/// Whether the target is one of answer_sso()'s.
bool is_sso_target(std::string_view target);

/// CreateToken (the grant refresh_token) and GetRoleCredentials. No call of these is signed.
wire::HttpResponse answer_sso(ServiceState& state, const wire::HttpRequest& request,
                              std::int64_t now_unix_s);

/// A new login, as a file of ~/.aws/sso/cache has it; those made before are dead.
std::string make_sso_login(ServiceState& state, std::int64_t now_unix_s);

}  // namespace passport::lab
