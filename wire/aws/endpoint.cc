#include "wire/aws/endpoint.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "base/text.h"

namespace passport::wire::aws {
namespace {

constexpr std::size_t kMaxUrl = 16384;

struct RegionPrefix {
  std::string_view prefix;
  Partition partition;
};

/// Source: the partitions of the AWS SDKs' endpoint rules.
constexpr std::array<RegionPrefix, 7> kPartitions = {{
    {"cn-", {"aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"}},
    {"us-gov-", {"aws-us-gov", "amazonaws.com", "api.aws"}},
    {"us-iso-", {"aws-iso", "c2s.ic.gov", "api.aws.ic.gov"}},
    {"us-isob-", {"aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud"}},
    {"eu-isoe-", {"aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"}},
    {"us-isof-", {"aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov"}},
    {"eusc-", {"aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu"}},
}};
constexpr Partition kCommercial = {"aws", "amazonaws.com", "api.aws"};

/// Source: botocore's rule set of STS.
constexpr std::array<std::string_view, 15> kGlobalStsRegions = {
    "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
    "eu-central-1",   "eu-north-1", "eu-west-1",      "eu-west-2",      "eu-west-3",
    "sa-east-1",      "us-east-1",  "us-east-2",      "us-west-1",      "us-west-2"};

Error malformed(std::string detail) {
  return {Errc::kMalformed, std::move(detail)};
}

std::string view_text(boost::core::string_view text) {
  return {text.data(), text.size()};
}

/// 0 when it is none. (Boost 1.81's port_number() wraps around.)
unsigned short read_port(std::string_view text) {
  unsigned short port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() ? port : 0;
}

/// What is wrong with the authority; empty when it is good.
std::string authority_fault(const boost::urls::url_view& url) {
  if (url.has_userinfo()) return "it names a user";
  const auto host = view_text(url.encoded_host_address());
  if (host.empty()) return "it has no host";
  if (host.find('%') != std::string::npos) return "its host is percent-encoded";
  if (url.host_type() == boost::urls::host_type::ipvfuture)
    return "its host is of no known kind";
  if (url.has_port() && read_port(view_text(url.port())) == 0)
    return "its port is out of range";
  return {};
}

}  // namespace

const Partition& find_partition(std::string_view region) {
  for (const auto& entry : kPartitions)
    if (region.starts_with(entry.prefix)) return entry.partition;
  return kCommercial;
}

Endpoint make_endpoint(std::string_view service, std::string_view region,
                       EndpointVariant variant) {
  const auto& partition = find_partition(region);
  std::string name(service == "sso" ? "portal.sso" : service == "sso-oidc" ? "oidc" : service);
  // In GovCloud these are FIPS endpoints under their usual names.
  const bool plain_fips = partition.name == "aws-us-gov" && !variant.dual_stack &&
                          (service == "ssm" || service == "sts" || service == "ec2");
  if (variant.fips && !plain_fips) name += "-fips";
  Endpoint out;
  out.host = name + "." + std::string(region) + "." +
             std::string(variant.dual_stack ? partition.dual_stack_suffix : partition.suffix);
  return out;
}

bool has_global_sts(std::string_view region) {
  return std::find(kGlobalStsRegions.begin(), kGlobalStsRegions.end(), region) !=
         kGlobalStsRegions.end();
}

Result<Location> parse_location(std::string_view url) {
  if (url.size() > kMaxUrl) return malformed("it is too long");
  const auto parsed = boost::urls::parse_uri({url.data(), url.size()});
  if (parsed.has_error()) return malformed("it is not a URL");
  const auto& parts = parsed.value();
  const auto scheme = to_lower(view_text(parts.scheme()));
  if (scheme != "http" && scheme != "https" && scheme != "wss")
    return malformed("its scheme is not http, https or wss");
  if (!parts.has_authority()) return malformed("it has no host");
  if (const auto fault = authority_fault(parts); !fault.empty()) return malformed(fault);
  if (parts.has_fragment()) return malformed("it has a fragment");

  Location out;
  out.websocket = scheme == "wss";
  out.endpoint.tls = scheme != "http";
  out.endpoint.host = to_lower(view_text(parts.encoded_host_address()));
  out.endpoint.port =
      parts.has_port() ? read_port(view_text(parts.port())) : (out.endpoint.tls ? 443 : 80);
  out.target = view_text(parts.encoded_path());
  if (out.target.empty()) out.target = "/";
  // Boost 1.81 takes what follows a port's digits for the path.
  if (out.target.front() != '/') return malformed("its port is not a number");
  if (parts.has_query()) out.target += "?" + view_text(parts.encoded_query());
  return out;
}

Result<Endpoint> parse_endpoint(std::string_view url) {
  auto location = parse_location(url);
  const bool secret = url.find('@') != std::string_view::npos;
  const auto shown = secret ? std::string("endpoint URL")
                            : "endpoint \"" + escape_for_terminal(url, 200) + "\"";
  if (!location) return malformed(shown + ": " + location.error().detail);
  if (location->websocket) return malformed(shown + ": its scheme is not http or https");
  if (location->target.find('?') != std::string::npos)
    return malformed(shown + ": it has a query");
  auto& endpoint = location->endpoint;
  endpoint.path = std::move(location->target);
  while (endpoint.path.ends_with('/')) endpoint.path.pop_back();
  return std::move(endpoint);
}

}  // namespace passport::wire::aws
