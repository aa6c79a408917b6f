// From an endpoint to an open, verified connection.
#pragma once
#include <optional>

#include "net/buffered_stream.h"
#include "wire/http.h"

namespace passport::net {

/// "host:port", escaped, as messages name an endpoint.
std::string name_of(const wire::Endpoint& endpoint);

/// Looks the host up, connects to one of its addresses and does the TLS handshake. Addresses
/// are tried in order; one that does not answer has kAddressTime while others remain. Errors:
/// kUnavailable, kTimeout; the detail says what failed and where.
inline constexpr std::chrono::seconds kAddressTime{5};
Task<Result<BufferedStream>> connect_stream(asio::any_io_executor executor, TlsContext tls,
                                            wire::Endpoint endpoint, Deadline deadline);

}  // namespace passport::net
