// ssh_config and known_hosts of what a user has access to. Pure.
//
//   Host i-0123456789abcdef0 web          an instance: its id, and a name where it has one
//     HostName i-0123456789abcdef0
//   ...
//   Match host i-0123456789abcdef0,...    an access request: what its instances have in common
//     User rs-0a1b
//     ...
//
// ssh reads all of the file each time: a line costs it 1 us, a name in the list of a Match 50
// ns, but one in a long Host line more with each that is before it. So an instance has two
// lines, and all else is said once a request.
#pragma once
#include <map>
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
  std::string control_folder{};  ///< of shared connections' sockets; empty: there are none
};

/// What a name ends in where the file is a part of the user's own: there it must not stand for
/// another machine.
inline constexpr const char* kIncludedDomain = ".passport";
/// What the files that are written here begin with.
inline constexpr const char* kHeader =
    "# Written by passport-ssh-config: what is changed here does not last.\n";

/// Leaves each instance to the request that ends last, which comes first.
void settle_hosts(std::vector<CertifiedAccess>& accesses);

/// `accesses` are as settle_hosts() leaves them. `included`: for an Include; otherwise ids that
/// are not in the file go to the proxy as well, which says what is missing. Errors: kConfig: a
/// path that ssh_config(5) has no form for.
Result<std::string> render_ssh_config(const ConfigPlan& plan, bool included);

std::string render_known_hosts(const std::vector<CertifiedAccess>& accesses);

/// In quotes, with nothing left for ssh to expand. Errors: kConfig.
Result<std::string> quote_path(const std::string& path);

/// What follows the proxy's own words for a request; a space at the end.
std::string request_options(const api::Access& access);

/// For the shell that ssh gives a ProxyCommand to; a space at the end. Errors: kConfig: a
/// control character.
Result<std::string> quote_words(const std::vector<std::string>& words);

}  // namespace passport::config_gen
