// Which account settings hold: profile, region, endpoints, trust and retries.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "aws/environment.h"
#include "base/result.h"
#include "wire/http.h"

namespace passport::aws {

/// What the command line says; empty: nothing.
struct SettingsChoice {
  std::string profile{};
  std::string region{};
  std::string endpoint_url{};  ///< of Systems Manager
};

struct Settings {
  std::string profile = "default";
  /// The command line names the profile: then keys in the environment do not count.
  bool profile_chosen = false;
  std::string region;
  std::string ca_bundle;  ///< a PEM file; empty: the system's
  int max_attempts = 3;
  /// Of the services whose address is configured.
  std::map<std::string, wire::Endpoint, std::less<>> endpoints;

  /// Where to call `service`: the configured endpoint or the region's own.
  wire::Endpoint endpoint(std::string_view service) const;

  /// Where configuration puts the message gateway: the endpoint of ssmmessages, else that of
  /// ssm.
  std::optional<wire::Endpoint> stream_endpoint() const;
};

/// From the command line, the environment and the shared files, in this order.
/// Endpoints: AWS_ENDPOINT_URL_SERVICE, AWS_ENDPOINT_URL, the profile's services section, the
/// profile's endpoint_url; none of these with AWS_IGNORE_CONFIGURED_ENDPOINT_URLS.
/// Errors: kConfig: no region, a profile that does not exist, a value or file that cannot be
/// used.
Result<Settings> load_settings(const Environment& environment, const SettingsChoice& choice);

}  // namespace passport::aws
