#include "aws/settings.h"

#include <array>
#include <charconv>

#include "aws/shared_files.h"
#include "base/text.h"
#include "wire/aws/endpoint.h"
#include "wire/aws/identifiers.h"

namespace passport::aws {
namespace {

constexpr std::array<std::string_view, 4> kServices = {"ssm", "ssmmessages", "sts", "kms"};

Error unusable(std::string detail, std::string hint = {}) {
  return {Errc::kConfig, std::move(detail), std::move(hint)};
}

std::string upper_case(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
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

 private:
  std::string find_in_services(std::string_view service) const {
    const auto section = files_.config.services.find(files_.find(profile_, "services"));
    if (section == files_.config.services.end()) return {};
    const auto nested = section->second.nested.find(service);
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
  return at != endpoints.end() ? at->second : wire::aws::make_endpoint(service, region);
}

std::optional<wire::Endpoint> Settings::stream_endpoint() const {
  for (const std::string_view service : {"ssmmessages", "ssm"})
    if (const auto at = endpoints.find(service); at != endpoints.end()) return at->second;
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
  if (auto endpoints = read_endpoints(reader, out); !endpoints) return endpoints.error();
  if (auto chosen = choose_endpoint(choice.endpoint_url, out); !chosen) return chosen.error();
  return out;
}

}  // namespace passport::aws
