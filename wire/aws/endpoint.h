// Where AWS's services are: partitions, default hosts, and addresses given as URLs.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/http.h"

namespace passport::wire::aws {

/// A family of regions that share domains.
struct Partition {
  std::string_view name;               ///< "aws", "aws-cn", ...
  std::string_view suffix;             ///< of host names: "amazonaws.com"
  std::string_view dual_stack_suffix;  ///< "api.aws"; empty where there is none
};

/// By the region's first letters; "aws" for those that no other partition claims.
const Partition& find_partition(std::string_view region);

/// Which of a service's endpoints is wanted.
struct EndpointVariant {
  bool fips = false;
  bool dual_stack = false;  ///< IPv6 too
};

/// https://SERVICE[-fips].REGION.SUFFIX, as botocore's rule sets have it; "sso" and "sso-oidc"
/// answer at "portal.sso" and "oidc". `region` fulfils is_region().
Endpoint make_endpoint(std::string_view service, std::string_view region,
                       EndpointVariant variant = {});

/// Whether AWS_STS_REGIONAL_ENDPOINTS=legacy means sts.amazonaws.com, signed for us-east-1, in
/// this region: in those that are older than the regional endpoints.
bool has_global_sts(std::string_view region);

/// A service's address as settings give it: http or https, host, perhaps port and path; no
/// user, query or fragment. Errors: kMalformed, quoting the text (a user's part is not shown).
Result<Endpoint> parse_endpoint(std::string_view url);

/// What a URL of any of the schemes http, https and wss names: an endpoint without path, and
/// the target. Host lower case, without brackets. Errors: kMalformed without the text, which
/// may bear a signature.
struct Location {
  bool websocket = false;
  Endpoint endpoint;
  std::string target;  ///< path and query
};
Result<Location> parse_location(std::string_view url);

}  // namespace passport::wire::aws
