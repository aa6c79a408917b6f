// passportd.conf: what the service is told at its start. Pure: the text is an argument.
#pragma once
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"

namespace passport::service {

using Groups = std::set<std::string, std::less<>>;

/// An AWS account, and which groups of people may do what in it.
struct Account {
  std::string id;  ///< 12 digits
  std::set<std::string, std::less<>> regions;
  std::string role_arn;     ///< that the service assumes
  std::string external_id;  ///< for that; may be empty
  Groups admins;            ///< may ask for access
  Groups observers;         ///< may see who has access
  Groups approvers;         ///< may approve and deny
  unsigned approvals = 0;   ///< that a request needs; 0: none
  Groups break_glass;       ///< their requests may do without, and are notified
  /// Keys of tags of its instances that people are shown; empty: all but AWS's own.
  std::set<std::string, std::less<>> tags{};
};

struct Config {
  std::string listen_address = "127.0.0.1";
  unsigned short listen_port = 8443;
  std::string certificate;  ///< PEM file
  std::string key;          ///< PEM file
  std::string database = "sqlite:/var/lib/passport/passport.db";
  std::string state_dir = "/var/lib/passport";  ///< CA keys and Logbook checkpoints
  std::string ca_ed25519;                       ///< file or pkcs11: URI; empty: in state_dir
  std::string ca_rsa;
  std::chrono::seconds longest{std::chrono::hours(12)};  ///< at most 12 hours
  bool sudo = false;                                     ///< short-lived users may use it
  std::size_t connections = 4000;                        ///< at once
  std::size_t peer_connections = 500;                    ///< of one address
  unsigned peer_requests = 100;                          ///< a second, of one address
  std::string notify;                                    ///< program; empty: none
  bool logbook_syslog = false;                           ///< checkpoints go there too
  std::map<std::string, Account, std::less<>> accounts;
};

inline constexpr std::size_t kMaxConfig = 1 << 20;  ///< bytes

/// Lines "key = value", then one section "[account ID]" for each account; '#' begins a comment
/// line; lists are separated by commas or blanks. Errors: kConfig, naming the line: an unknown,
/// repeated or missing key, a value that cannot be used.
Result<Config> parse_config(std::string_view text);

}  // namespace passport::service
