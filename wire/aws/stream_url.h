// The URL of a session's data channel: checked before a token goes there, and opened with a
// signature.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/aws/access_key.h"
#include "wire/http.h"

namespace passport::wire::aws {

/// Where a data channel is.
struct StreamAddress {
  Endpoint endpoint;
  std::string target;
};

/// What a stream URL must match.
struct StreamExpectation {
  std::string region;
  std::string session_id;
  /// Where the settings put the message gateway: its host and port are good too.
  std::optional<Endpoint> configured{};
  /// That endpoint is the gateway's own, and to be used in place of the region's: a VPC
  /// endpoint whose private names this machine does not see, for one.
  bool replaces = false;
};

/// Accepts wss://HOST/v1/data-channel/SESSION?... alone, HOST being the message gateway of the
/// region (with its FIPS and dual-stack forms and those of VPC endpoints) on port 443, or the
/// configured endpoint, which takes the region's place when it is to. Nothing of the URL's
/// query gets into an error. Errors: kProtocol, saying which part is wrong.
Result<StreamAddress> check_stream_url(std::string_view url, const StreamExpectation& expected);

/// Whether the target's query has a signature already, so that no other may be added.
bool has_query_signature(std::string_view target);

/// The GET that opens `address`, signed for the message gateway unless its URL is.
HttpRequest sign_websocket_open(const StreamAddress& address, const AccessKey& key,
                                std::string_view region, std::chrono::sys_seconds now);

/// The URL of `address` with a signature in its query, which opens it without any other for
/// `life`; as it is when it has one already.
std::string presign_stream(const StreamAddress& address, const AccessKey& key,
                           std::string_view region, std::chrono::sys_seconds now,
                           std::chrono::seconds life);

}  // namespace passport::wire::aws
