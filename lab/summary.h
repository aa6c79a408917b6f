// What a running lab tells its users, and the files that point their programs at it. Pure text.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace passport::lab {

struct InstanceSummary {
  std::string id;
  std::string status;  ///< "online", "offline", "agent": one that a real agent may bring
  std::string mode;    ///< how it is kept apart; empty when it is only known
  std::string note;    ///< why better modes were passed over; may be empty
  std::vector<std::string> host_keys;  ///< "TYPE BASE64"
};

struct Summary {
  std::string state_dir;
  std::string endpoint;  ///< https://127.0.0.1:PORT
  std::string region;
  std::string user;             ///< to log in as
  std::string proxy;            ///< path of passport-proxy
  bool made_state_dir = false;  ///< it is to be removed at the end
  std::vector<InstanceSummary> instances;
};

/// Names of the files in the state directory.
inline constexpr char kEnvFile[] = "env";
inline constexpr char kCaFile[] = "ca.pem";
inline constexpr char kKeyFile[] = "id_ed25519";
inline constexpr char kKnownHostsFile[] = "known_hosts";
inline constexpr char kSshConfigFile[] = "ssh_config";
inline constexpr char kAuditFile[] = "audit.jsonl";
inline constexpr char kFeatherweightFile[] = "featherweights.jsonl";
inline constexpr char kLogFile[] = "lab.log";
inline constexpr char kControlFile[] = "control";
inline constexpr char kPidFile[] = "lab.pid";
inline constexpr char kSummaryFile[] = "lab.json";
inline constexpr char kWebIdentityFile[] = "web_identity_token";
inline constexpr char kSsoTokenFile[] = "sso_token.json";
inline constexpr char kMfaCodeFile[] = "mfa_code";
inline constexpr char kInstancesDir[] = "instances";

std::string serialize_summary(const Summary& summary);
/// Errors: kMalformed.
Result<Summary> parse_summary(std::string_view text);

/// One line each, "WORD VALUE...": env, ssh_config, audit, endpoint, region, then
/// "instance ID STATUS [MODE]".
std::string render_summary(const Summary& summary);

/// Shell commands that point AWS programs at the lab and away from the user's own settings.
std::string render_env(const Summary& summary, const std::string& access_key_id,
                       const Secret& secret);

/// One Host block an instance, which pins its keys, and one for what they share.
std::string render_ssh_config(const Summary& summary);
std::string render_known_hosts(const Summary& summary);

}  // namespace passport::lab
