#include "aws/settings.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "aws/shared_files.h"
#include "base/text.h"
#include "wire/aws/endpoint.h"
#include "wire/aws/identifiers.h"

namespace passport::aws {
namespace {

constexpr std::array<std::string_view, 7> kServices = {"ssm", "ssmmessages", "sts",     "kms",
                                                       "ec2", "sso",         "sso-oidc"};

Error unusable(std::string detail, std::string hint = {}) {
  return {Errc::kConfig, std::move(detail), std::move(hint)};
}

std::string upper_case(std::string_view text) {
  std::string out(text);
  for (auto& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '-') c = '_';
  }
  return out;
}

/// The settings of one profile, each with the variable that counts before it.
class Reader {
 public:
  Reader(const Environment& environment, const SharedFiles& files, const std::string& profile)
      : environment_(environment), files_(files), profile_(profile) {}

  template <class... Variables>
  std::string find(std::string_view setting, Variables... variables) const {
    auto value = find_variable(environment_, variables...);
    return value.empty() ? files_.find(profile_, setting) : value;
  }

  /// The address of `service` as given; empty when it is not.
  std::string find_endpoint(std::string_view service) const {
    auto url = find_variable(environment_, "AWS_ENDPOINT_URL_" + upper_case(service));
    if (url.empty()) url = find_variable(environment_, "AWS_ENDPOINT_URL");
    if (url.empty()) url = find_in_services(service);
    if (url.empty()) url = files_.find(profile_, "endpoint_url");
    return url;
  }

  /// Whether the address that find_endpoint() gives is for `service` alone.
  bool has_own_endpoint(std::string_view service) const {
    if (!find_variable(environment_, "AWS_ENDPOINT_URL_" + upper_case(service)).empty())
      return true;
    return find_variable(environment_, "AWS_ENDPOINT_URL").empty() &&
           !find_in_services(service).empty();
  }

  /// Errors: kConfig, unless the setting is true, false or absent.
  Result<bool> find_switch(std::string_view setting, std::string_view variable) const {
    const auto text = find(setting, variable);
    if (text.empty() || equal_ignoring_case(text, "false")) return false;
    if (equal_ignoring_case(text, "true")) return true;
    return unusable(std::string(setting) + " \"" + escape_for_terminal(text, 20) +
                    "\" is not true or false");
  }

 private:
  std::string find_in_services(std::string_view service) const {
    const auto section = files_.config.services.find(files_.find(profile_, "services"));
    if (section == files_.config.services.end()) return {};
    std::string name(service);
    std::replace(name.begin(), name.end(), '-', '_');
    const auto nested = section->second.nested.find(name);
    if (nested == section->second.nested.end()) return {};
    const auto url = nested->second.find("endpoint_url");
    return url == nested->second.end() ? std::string() : url->second;
  }

  const Environment& environment_;
  const SharedFiles& files_;
  const std::string& profile_;
};

std::string region_fault(const std::string& region) {
  if (region.empty()) return "no region";
  if (!wire::aws::is_region(region))
    return "region \"" + escape_for_terminal(region, 64) + "\" is not a region's name";
  return {};
}

Result<int> read_attempts(const std::string& text) {
  constexpr int kMost = 100;
  if (text.empty()) return Settings().max_attempts;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > kMost)
    return unusable("max_attempts \"" + escape_for_terminal(text, 20) +
                    "\" is not from 1 to 100");
  return value;
}

Result<wire::Endpoint> read_endpoint(std::string_view service, const std::string& url) {
  auto endpoint = wire::aws::parse_endpoint(url);
  if (!endpoint) return unusable(std::string(service) + " " + endpoint.error().detail);
  if (!endpoint->tls && !wire::is_loopback(endpoint->host))
    return unusable(std::string(service) + " endpoint \"" + escape_for_terminal(url, 200) +
                    "\": plain http is for loopback alone");
  return endpoint;
}

Result<void> read_endpoints(const Reader& reader, Settings& out) {
  const auto ignore =
      reader.find("ignore_configured_endpoint_urls", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  if (equal_ignoring_case(ignore, "true")) return {};
  for (const auto service : kServices) {
    const auto url = reader.find_endpoint(service);
    if (url.empty()) continue;
    auto endpoint = read_endpoint(service, url);
    if (!endpoint) return endpoint.error();
    out.endpoints[std::string(service)] = std::move(*endpoint);
  }
  out.own_gateway = reader.has_own_endpoint("ssmmessages");
  return {};
}

Result<void> read_variant(const Reader& reader, Settings& out) {
  const auto fips = reader.find_switch("use_fips_endpoint", "AWS_USE_FIPS_ENDPOINT");
  if (!fips) return fips.error();
  const auto dual_stack =
      reader.find_switch("use_dualstack_endpoint", "AWS_USE_DUALSTACK_ENDPOINT");
  if (!dual_stack) return dual_stack.error();
  out.variant = {*fips, *dual_stack};
  const auto sts = reader.find("sts_regional_endpoints", "AWS_STS_REGIONAL_ENDPOINTS");
  out.global_sts = equal_ignoring_case(sts, "legacy");
  if (!sts.empty() && !out.global_sts && !equal_ignoring_case(sts, "regional"))
    return unusable("sts_regional_endpoints \"" + escape_for_terminal(sts, 20) +
                    "\" is not regional or legacy");
  return {};
}

/// The region's own is what there is without settings: it puts the message gateway nowhere.
Result<void> choose_endpoint(const std::string& url, Settings& out) {
  if (url.empty()) return {};
  auto endpoint = read_endpoint("ssm", url);
  if (!endpoint) return endpoint.error();
  out.endpoints.erase("ssm");
  if (*endpoint != out.endpoint("ssm")) out.endpoints["ssm"] = std::move(*endpoint);
  return {};
}

}  // namespace

wire::Endpoint Settings::endpoint(std::string_view service) const {
  const auto at = endpoints.find(service);
  if (at != endpoints.end()) return at->second;
  auto out = wire::aws::make_endpoint(service, region, variant);
  if (uses_global(service)) out.host = "sts.amazonaws.com";
  return out;
}

bool Settings::uses_global(std::string_view service) const {
  return service == "sts" && global_sts && !variant.fips && !variant.dual_stack &&
         endpoints.find(service) == endpoints.end() && wire::aws::has_global_sts(region);
}

std::string Settings::signing_region(std::string_view service) const {
  return uses_global(service) ? "us-east-1" : region;
}

std::optional<wire::Endpoint> Settings::stream_endpoint() const {
  for (const std::string_view service : {"ssmmessages", "ssm"})
    if (const auto at = endpoints.find(service); at != endpoints.end()) return at->second;
  return {};
}

/// As curl and botocore read them (botocore knows no ALL_PROXY).
wire::ProxyRule read_proxies(const Environment& environment) {
  std::string no_proxy;
  for (const std::string_view name : {"NO_PROXY", "no_proxy"})
    if (auto value = environment(name)) no_proxy = std::move(*value);
  for (const std::string_view name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
    if (const auto proxy = environment(name)) return {name, *proxy, no_proxy};
  return {};
}

Result<Settings> load_settings(const Environment& environment, const SettingsChoice& choice) {
  const auto files = load_shared_files(environment);
  if (!files) return files.error();

  Settings out;
  out.profile_chosen = !choice.profile.empty();
  auto named = out.profile_chosen
                   ? choice.profile
                   : find_variable(environment, "AWS_PROFILE", "AWS_DEFAULT_PROFILE");
  if (!named.empty()) out.profile = std::move(named);
  if (out.profile != "default" && !files->has_profile(out.profile))
    return unusable("profile \"" + escape_for_terminal(out.profile, 100) +
                        "\" does not exist (read: " + files->names() + ")",
                    "`aws configure list-profiles` shows those that do");

  const Reader reader(environment, *files, out.profile);
  out.region = choice.region.empty() ? reader.find("region", "AWS_REGION", "AWS_DEFAULT_REGION")
                                     : choice.region;
  if (auto fault = region_fault(out.region); !fault.empty())
    return unusable(std::move(fault), "set AWS_REGION, or region in profile \"" +
                                          escape_for_terminal(out.profile, 100) +
                                          "\", as in eu-west-1");
  out.ca_bundle = reader.find("ca_bundle", "AWS_CA_BUNDLE");
  const auto attempts = read_attempts(reader.find("max_attempts", "AWS_MAX_ATTEMPTS"));
  if (!attempts) return attempts.error();
  out.max_attempts = *attempts;
  out.proxies = read_proxies(environment);
  if (auto variant = read_variant(reader, out); !variant) return variant.error();
  if (auto endpoints = read_endpoints(reader, out); !endpoints) return endpoints.error();
  if (auto chosen = choose_endpoint(choice.endpoint_url, out); !chosen) return chosen.error();
  return out;
}

}  // namespace passport::aws
