// Credentials from IAM Identity Center (SSO), by the token that `aws sso login` left.
#pragma once
#include <string>

#include "aws/credential_search.h"
#include "aws/settings.h"
#include "aws/shared_files.h"
#include "aws/world.h"
#include "net/asio.h"

namespace passport::aws {

/// Of a profile with sso_account_id or sso_role_name, and sso_session or sso_start_url; nothing
/// for others. The token of an sso-session is renewed when its end is near (kSsoRenewBefore)
/// and it can be, and put back into the AWS CLI's cache (~/.aws/sso/cache). Errors: kConfig for
/// settings that are missing or contradict; kDenied without a login; kExpired when it is over:
/// their hint says how to log in; those of the calls.
inline constexpr std::chrono::minutes kSsoRenewBefore{15};
net::Task<Found> find_sso_credentials(const World& world, const Settings& settings,
                                      const SharedFiles& files, std::string profile,
                                      net::Deadline deadline);

}  // namespace passport::aws
