// How to reach an instance: from passport-ssh-config and ssh, as programs.
#pragma once
#include <string>

#include "api/ssh_login.h"

namespace passport::copy {

/// The path of the ssh_config of what the user has access to. The program has said what is
/// wrong when `status` is not 0, which is then its own.
Result<std::string> find_config(int& status);

/// `host`: [user@]host. Errors: kDenied: the config has no such host.
Result<api::SshTarget> find_target(const std::string& config, const std::string& host);

}  // namespace passport::copy
