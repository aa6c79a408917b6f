// The steps of connect_stream(), one at a time, for who wants to know which one fails.
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "net/asio.h"
#include "net/outbound.h"
#include "wire/http.h"

namespace passport::net {

/// Connects to the endpoint, through its proxy if it has one, and says nothing there. Errors:
/// as connect_stream().
Task<Result<void>> probe_route(asio::any_io_executor executor, Outbound outbound,
                               wire::Endpoint endpoint, Deadline deadline);

/// What a TLS server shows of itself. Texts are its own: any bytes.
struct TlsPeer {
  enum class Trust { kGood, kUnknownIssuer, kOtherName, kOver, kNotYet, kUnusable };
  Trust trust = Trust::kUnusable;
  std::string problem{};           ///< in OpenSSL's words; empty: none
  std::string subject{};           ///< as "CN=passport"
  std::string issuer{};            ///< of the certificate itself
  std::vector<std::string> names;  ///< hosts and addresses that it is for
  std::chrono::sys_seconds valid_from{};
  std::chrono::sys_seconds valid_until{};
};

/// Does the handshake whatever the certificate is worth, judges it as connect_stream() does,
/// and says nothing to the server. The proxy's own certificate has to be good. Errors: as
/// connect_stream(), but for the certificate.
Task<Result<TlsPeer>> probe_tls(asio::any_io_executor executor, Outbound outbound,
                                wire::Endpoint endpoint, Deadline deadline);

}  // namespace passport::net
