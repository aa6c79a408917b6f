// ssh_config and known_hosts of what a user has access to. Pure.
#pragma once
#include <string>
#include <vector>

#include "api/access.h"
#include "base/result.h"

namespace passport::config_gen {

/// An access with what ssh is to offer for it.
struct CertifiedAccess : api::Access {
  std::vector<std::string> certificate_files{};  ///< paths, the best first
};

/// Paths are absolute.
struct ConfigPlan {
  std::vector<CertifiedAccess> accesses{};
  std::vector<std::string> proxy_command{};  ///< words; --request and its id follow
  std::string agent_socket{};
  std::string known_hosts{};
  std::string control_path{};  ///< with ssh's tokens; empty: connections are not shared
};

/// An instance of several requests belongs to the one that ends last. Errors: kConfig: a path
/// that ssh_config(5) has no form for.
Result<std::string> render_ssh_config(ConfigPlan plan);

std::string render_known_hosts(const std::vector<CertifiedAccess>& accesses);

}  // namespace passport::config_gen
