// passport-ssh-config: from what passportd says is active to files that ssh reads.
#pragma once
#include <string>
#include <vector>

#include "api/service_client.h"
#include "api/settings.h"
#include "config-gen/files.h"

namespace passport::config_gen {

struct SshConfigWish {
  std::string key_type = "all";          ///< or "ed25519", "rsa"
  std::vector<std::string> instances{};  ///< ids or names: to be told when one cannot be used
  std::string output{};                  ///< the file to write instead
  bool share_connections = true;
  bool print = false;       ///< the text, not the path
  bool json = false;        ///< {"path", "requests": [as GET /v1/requests/ID]}, not the path
  bool include = false;     ///< has ~/.ssh/config include it
  bool exclude = false;     ///< takes that back, and does nothing else
  bool watch = false;       ///< and a process in the background keeps it current
  bool foreground = false;  ///< this one, instead
  std::chrono::seconds every{15};  ///< how often that one asks
};

/// What passportd said last.
struct OwnRequests {
  std::vector<json::object> list{};
  std::chrono::steady_clock::time_point asked_at{};
};
net::Task<Result<OwnRequests>> load_requests(api::ServiceClient& service);

/// Has the agent hold the keys of those that are active, for which it is started where none
/// runs, and writes what ssh reads. When another process has done so since `own` was asked for,
/// it is asked for again first.
net::Task<Result<Files>> write_ssh_config(api::ServiceClient& service, OwnRequests& own,
                                          const api::Settings& settings,
                                          const SshConfigWish& wish, const Places& places);

/// Does so with all requests of this user, and prints the path. With instances it prints
/// nothing unless each of them can be used. When the service cannot be reached, what was
/// written earlier is as good as it was: it says so. The exit status; what went wrong has been
/// said.
int run_ssh_config(const api::Settings& settings, const SshConfigWish& wish);

}  // namespace passport::config_gen
