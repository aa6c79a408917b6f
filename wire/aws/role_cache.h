// Keys of assumed roles in ~/.aws/cli/cache, as the AWS CLI writes and finds them.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/aws/access_key.h"
#include "wire/aws/sts_messages.h"

namespace passport::wire::aws {

/// The file's name: SHA-1 of what is asked for, in the form that botocore hashes it. A
/// `role_session_name` counts only where the profile has one, and the MFA code never does.
std::string role_cache_file(const AssumeRoleRequest& request);

/// Errors: kMalformed, without any of the text: not a cached key with its end.
Result<IssuedKey> parse_cached_role(std::string_view text);
std::string serialize_cached_role(const IssuedKey& key);

}  // namespace passport::wire::aws
