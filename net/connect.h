// From an endpoint to an open, verified connection.
#pragma once
#include <optional>

#include "net/buffered_stream.h"
#include "net/outbound.h"
#include "wire/http.h"

namespace passport::net {

/// "host:port", escaped, as messages name an endpoint.
std::string name_of(const wire::Endpoint& endpoint);

/// Looks the host up, connects to one of its addresses and does the TLS handshake; where
/// `outbound` names a proxy, all that with the proxy, which then connects to the host. A
/// connection that `outbound` has warm is taken instead. Addresses are tried in order; one that
/// does not answer has kAddressTime while others remain. Errors: kUnavailable, kTimeout, those
/// of connect_through(); the detail says what failed and where.
inline constexpr std::chrono::seconds kAddressTime{5};
Task<Result<BufferedStream>> connect_stream(asio::any_io_executor executor, Outbound outbound,
                                            wire::Endpoint endpoint, Deadline deadline);

/// The same up to the endpoint's own TLS, and never a warm one.
Task<Result<BufferedStream>> connect_route(asio::any_io_executor executor, Outbound outbound,
                                           wire::Endpoint endpoint, Deadline deadline);

/// The TLS handshake, if `engine` is not null. Errors: kUnavailable, kTimeout, with `name`.
Task<Result<BufferedStream>> secure_stream(BufferedStream stream,
                                           std::unique_ptr<TlsEngine> engine, std::string name,
                                           Deadline deadline);

}  // namespace passport::net
