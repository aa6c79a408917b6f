// An HTTP proxy's CONNECT: a connection to the proxy becomes one to an endpoint behind it.
#pragma once
#include "net/buffered_stream.h"
#include "wire/proxy_rule.h"

namespace passport::net {

/// Asks the proxy at the other end of `stream` for a connection to `endpoint`. What is sent
/// after that goes there. The proxy's answer is at most kMaxProxyAnswer bytes; its words are
/// never shown. Errors, naming the proxy without its credentials: kDenied when it refuses
/// them or the endpoint; kUnavailable when it cannot connect, or closes; kProtocol when its
/// answer is not one. Whoever calls watches the time.
inline constexpr std::uint32_t kMaxProxyAnswer = 16 << 10;
Task<Result<void>> connect_through(BufferedStream stream, const wire::Proxy& proxy,
                                   wire::Endpoint endpoint);

}  // namespace passport::net
