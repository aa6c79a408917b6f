// passport.conf: what the tools of a user have to know of passportd.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/service_client.h"
#include "aws/environment.h"

namespace passport::api {

struct Settings {
  Service service;
  std::string account;  ///< asked for unless another is named; may be empty
  std::string region;
  std::vector<std::string> inventory_tags{};  ///< keys whose values make groups of hosts
};

/// The keys of the file, and the variables that stand in their place.
struct SettingName {
  std::string_view key;
  const char* variable;
};
std::span<const SettingName> setting_names();

/// Sets what the text sets: service, ca, token_file, account, region, inventory_tags.
/// Errors: kConfig, naming
/// the line.
Result<void> read_settings(std::string_view text, Settings& into);

/// /etc/passport/passport.conf, then the user's $XDG_CONFIG_HOME/passport/passport.conf (or
/// what PASSPORT_CONFIG names instead of both), then PASSPORT_SERVICE, PASSPORT_CA,
/// PASSPORT_TOKEN_FILE, PASSPORT_ACCOUNT, PASSPORT_REGION and PASSPORT_INVENTORY_TAGS; the last
/// that says something counts. The token's file is $XDG_STATE_HOME/passport/token unless set.
/// Errors: kConfig.
Result<Settings> load_settings(const aws::Environment& environment);

/// The files that load_settings() reads, in this order, where they are there.
std::vector<std::string> settings_files(const aws::Environment& environment);

/// load_settings(), for a call: kConfig also when no service is named.
Result<Settings> load_service_settings(const aws::Environment& environment);

}  // namespace passport::api
