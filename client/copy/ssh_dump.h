// What `ssh -G` says of a host, as a target for a login of our own. Pure.
#pragma once
#include <string>
#include <string_view>

#include "api/ssh_login.h"

namespace passport::copy {

/// `host`: as ssh was told it, without a user. Errors: kNotFound when no ProxyCommand is set
/// for it, which is how a config of passport-ssh-config says that there is no access; kConfig
/// for what cannot be used.
Result<api::SshTarget> parse_ssh_dump(std::string_view dump, const std::string& host);

}  // namespace passport::copy
