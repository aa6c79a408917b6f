// passport-ssh-config: from what passportd says is active to files that ssh reads.
#pragma once
#include <string>
#include <vector>

#include "api/settings.h"

namespace passport::config_gen {

struct SshConfigWish {
  std::string key_type = "all";          ///< or "ed25519", "rsa"
  std::vector<std::string> instances{};  ///< to be told of when one cannot be used now
  bool share_connections = true;
  bool json = false;  ///< {"path", "requests": [as GET /v1/requests/ID]} instead of the path
};

/// Has the agent hold the keys of all active requests of this user, writes ssh_config and
/// known_hosts beside its sockets, and prints the path of the first. With instances it prints
/// nothing unless each of them can be used. The exit status; what went wrong has been said.
int run_ssh_config(const api::Settings& settings, const SshConfigWish& wish);

}  // namespace passport::config_gen
