// What is written for ssh, and where: certificates, host keys, ssh_config.
#pragma once
#include <optional>
#include <string>

#include "api/settings.h"
#include "config-gen/agent.h"
#include "config-gen/render.h"

namespace passport::config_gen {

struct Places {
  std::string folder{};       ///< of the agent's sockets: certificates, shared connections
  std::string config{};       ///< ssh_config
  std::string known_hosts{};  ///< beside it
  std::string included{};     ///< the same for an Include; empty: not written
};

/// `output`: instead of ssh_config in the folder; may be relative. Errors: kConfig: a file that
/// was not written here.
Result<Places> find_places(const std::string& folder, const std::string& output);

/// What ssh runs, for a request and an instance to follow.
std::vector<std::string> make_proxy_command(const api::Service& service);

struct Wanted {
  std::vector<CertifiedAccess> accesses{};  ///< as settle_hosts() leaves them
  std::string key_type{};                   ///< "all", "ed25519" or "rsa": what ssh offers
  bool share_connections = true;
};

struct Files {
  std::string ssh_config{};                 ///< its text
  std::vector<CertifiedAccess> accesses{};  ///< with their files
  std::optional<Error> failed{};            ///< of a request that there are no new keys for
};

/// Writes what differs, each file all at once, and removes certificates of requests that are
/// over. Errors: kUnavailable; those of render_ssh_config().
Result<Files> write_files(const Places& places, const api::Service& service, Wanted wanted,
                          const HeldByRequest& held);

}  // namespace passport::config_gen
