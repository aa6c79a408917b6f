// Which account settings hold: profile, region, endpoints, trust and retries.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "aws/environment.h"
#include "base/result.h"
#include "wire/aws/endpoint.h"
#include "wire/http.h"
#include "wire/proxy_rule.h"

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
  wire::ProxyRule proxies;
  wire::aws::EndpointVariant variant;
  bool global_sts = false;  ///< where the region has it: see wire::aws::has_global_sts()
  /// Of the services whose address is configured.
  std::map<std::string, wire::Endpoint, std::less<>> endpoints;

  bool own_gateway = false;  ///< the one of ssmmessages is for that service alone

  /// Where to call `service`: the configured endpoint or the region's own.
  wire::Endpoint endpoint(std::string_view service) const;
  /// The region to sign a call to `service` for.
  std::string signing_region(std::string_view service) const;

  /// Where configuration puts the message gateway: the endpoint of ssmmessages, else that of
  /// ssm.
  std::optional<wire::Endpoint> stream_endpoint() const;

 private:
  bool uses_global(std::string_view service) const;
};

/// From the command line, the environment and the shared files, in this order.
/// Endpoints: AWS_ENDPOINT_URL_SERVICE, AWS_ENDPOINT_URL, the profile's services section, the
/// profile's endpoint_url; none of these with AWS_IGNORE_CONFIGURED_ENDPOINT_URLS.
/// Proxies: https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY; no_proxy, NO_PROXY. The first that
/// is set counts, even to nothing, which is no proxy.
/// Errors: kConfig: no region, a profile that does not exist, a value or file that cannot be
/// used.
Result<Settings> load_settings(const Environment& environment, const SettingsChoice& choice);

/// The proxies alone, for a tool that does not call AWS: nothing else is read, nothing can
/// fail.
wire::ProxyRule read_proxies(const Environment& environment);

}  // namespace passport::aws
