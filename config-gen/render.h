// ssh_config and known_hosts of what a user has access to. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "wire/ssh/public_key.h"

namespace passport::config_gen {

struct Host {
  std::string id;  ///< of the instance
  std::vector<wire::ssh::PublicKey> keys;
};

/// An active access request.
struct Access {
  std::string request;
  std::string user;                              ///< on the instances
  std::int64_t ends_at = 0;                      ///< Unix seconds
  std::vector<Host> hosts;                       ///< that have the user
  std::vector<std::string> certificate_files{};  ///< paths, the best first
};

/// What GET /v1/requests/ID answered, as far as it can be used: nothing that is not what it
/// should be gets into a file that ssh reads. Errors: kProtocol, naming what cannot be used.
Result<Access> parse_access(const json::object& request);

/// Paths are absolute.
struct ConfigPlan {
  std::vector<Access> accesses{};
  std::vector<std::string> proxy_command{};  ///< words; --request and its id follow
  std::string agent_socket{};
  std::string known_hosts{};
  std::string control_path{};  ///< with ssh's tokens; empty: connections are not shared
};

/// An instance of several requests belongs to the one that ends last. Errors: kConfig: a path
/// that ssh_config(5) has no form for.
Result<std::string> render_ssh_config(ConfigPlan plan);

std::string render_known_hosts(const std::vector<Access>& accesses);

}  // namespace passport::config_gen
