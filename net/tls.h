// TLS settings of a client or a server, without Asio's headers.
#pragma once
#include <memory>
#include <string>

#include "base/result.h"

namespace boost::asio::ssl {
class context;
}

namespace passport::net {

/// A TLS client's or server's settings: at least TLS 1.2, the peer always verified (client).
/// Shared by all connections of a process; cheap to copy. Sessions are kept for resumption.
class TlsContext {
 public:
  /// `ca_file`: PEM bundle to trust in place of the system's; empty = the system's directory,
  /// looked up by hash so that nothing is read before it is needed.
  /// Errors: kConfig when the bundle cannot be read or holds no certificate.
  static Result<TlsContext> client(const std::string& ca_file);

  /// Errors: kConfig when certificate chain and key (PEM text) do not fit.
  static Result<TlsContext> server(const std::string& chain_pem, const std::string& key_pem);

  boost::asio::ssl::context& native() const { return *context_; }

 private:
  explicit TlsContext(std::shared_ptr<boost::asio::ssl::context> context) : context_(std::move(context)) {}
  std::shared_ptr<boost::asio::ssl::context> context_;
};

}  // namespace passport::net
