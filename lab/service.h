// The lab's AWS as one function from request to answer: checks signatures and finds the
// service.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "lab/service_state.h"
#include "wire/http.h"

namespace passport::lab {

/// Answers a request that is no websocket upgrade: Systems Manager, KMS, STS, and the two POSTs
/// by which a real agent asks for channel tokens.
wire::HttpResponse answer_request(ServiceState& state, const wire::HttpRequest& request,
                                  std::int64_t now_unix_s);

/// Where a message gateway URL leads.
struct ChannelTarget {
  enum class Kind { kControl, kData } kind = Kind::kData;
  std::string id;           ///< instance or session
  std::string role;         ///< "subscribe" or "publish_subscribe"
  std::string cell_number;  ///< of a client's stream URL; an agent has none
};
/// /v1/control-channel/ID?..., /v1/data-channel/ID?...; nullopt for anything else.
std::optional<ChannelTarget> parse_channel_target(std::string_view target);

/// Decides on a websocket upgrade; status 101 lets it in. An unsigned one is refused with 403,
/// a session that ended or a stream URL that was replaced with 410, what was never there with
/// 404.
wire::HttpResponse answer_upgrade(ServiceState& state, const wire::HttpRequest& request,
                                  std::int64_t now_unix_s);

}  // namespace passport::lab
