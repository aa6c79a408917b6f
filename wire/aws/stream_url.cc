#include "wire/aws/stream_url.h"

#include <algorithm>

#include "base/text.h"
#include "wire/aws/endpoint.h"
#include "wire/aws/identifiers.h"
#include "wire/aws/percent.h"
#include "wire/aws/sigv4.h"

namespace passport::wire::aws {
namespace {

constexpr std::string_view kService = "ssmmessages";
constexpr std::string_view kPathPrefix = "/v1/data-channel/";

Error refused(std::string why) {
  return {Errc::kProtocol, "stream URL refused: " + std::move(why)};
}

/// "vpce-0123abcd-x1y2" with an availability zone perhaps: one label of a host name.
bool is_vpc_endpoint_label(std::string_view text) {
  return text.starts_with("vpce-") && text.size() > 5 &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

bool is_gateway_host(std::string_view host, const std::string& region) {
  const auto& partition = find_partition(region);
  for (const auto suffix : {partition.suffix, partition.dual_stack_suffix}) {
    if (suffix.empty()) continue;
    const auto domain = "." + region + "." + std::string(suffix);
    if (host == std::string(kService) + domain) return true;
    if (host == std::string(kService) + "-fips" + domain) return true;
  }
  const auto label = host.substr(0, host.find('.'));
  if (!is_vpc_endpoint_label(label)) return false;
  const auto rest = host.substr(label.size());
  const auto domain = "." + region + ".vpce." + std::string(partition.suffix);
  return rest == "." + std::string(kService) + domain ||
         rest == "." + std::string(kService) + "-fips" + domain;
}

}  // namespace

Result<StreamAddress> check_stream_url(std::string_view url,
                                       const StreamExpectation& expected) {
  if (!is_session_id(expected.session_id)) return refused("the session's id is not one");
  if (!is_region(expected.region)) return refused("the region is not one");
  auto location = parse_location(url);
  if (!location) return refused(location.error().detail);
  if (!location->websocket) return refused("its scheme is not wss");

  const auto& endpoint = location->endpoint;
  const bool configured = expected.configured && expected.configured->host == endpoint.host &&
                          expected.configured->port == endpoint.port;
  if (!configured) {
    if (!is_gateway_host(endpoint.host, expected.region))
      return refused("its host \"" + escape_for_terminal(endpoint.host, 253) +
                     "\" is not the message gateway of " + expected.region);
    if (endpoint.port != 443)
      return refused("its port " + std::to_string(endpoint.port) + " is not 443");
  }
  const auto path = std::string_view(location->target).substr(0, location->target.find('?'));
  const bool right_session =
      path.starts_with(kPathPrefix) &&
      decode_percent(path.substr(kPathPrefix.size())) == expected.session_id;
  if (!right_session)
    return refused("its path is not that of session \"" + expected.session_id + "\"");
  // A signature in the URL is for the host that it names.
  const bool replaced = !configured && expected.configured && expected.replaces &&
                        !has_query_signature(location->target);
  return StreamAddress{replaced ? *expected.configured : endpoint, std::move(location->target)};
}

bool has_query_signature(std::string_view target) {
  auto query = target.substr(std::min(target.find('?'), target.size()));
  while (!query.empty()) {
    query.remove_prefix(1);
    const auto item = query.substr(0, query.find('&'));
    if (decode_form(item.substr(0, item.find('='))) == "X-Amz-Signature") return true;
    query.remove_prefix(item.size());
  }
  return false;
}

HttpRequest sign_websocket_open(const StreamAddress& address, const AccessKey& key,
                                std::string_view region, std::chrono::sys_seconds now) {
  HttpRequest request;
  request.target = address.target;
  if (has_query_signature(request.target)) return request;
  // The query goes out in the very form that is signed, so that it does not matter whether the
  // gateway decodes it before it verifies.
  if (const auto mark = request.target.find('?'); mark != std::string::npos)
    request.target =
        request.target.substr(0, mark + 1) + canonical_query(request.target.substr(mark + 1));
  sign(request, address.endpoint, key,
       {.region = std::string(region), .service = std::string(kService), .time = now});
  return request;
}

std::string presign_stream(const StreamAddress& address, const AccessKey& key,
                           std::string_view region, std::chrono::sys_seconds now,
                           std::chrono::seconds life) {
  HttpRequest request;
  request.target = address.target;
  if (!has_query_signature(request.target))
    request.target = presign(
        request, address.endpoint, key,
        {.region = std::string(region), .service = std::string(kService), .time = now}, life);
  return "wss://" + address.endpoint.authority() + request.target;
}

}  // namespace passport::wire::aws
