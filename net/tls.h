// TLS settings of a client or a server, without the TLS library's headers.
#pragma once
#include <memory>
#include <string>

#include "base/result.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace passport::net {

/// A TLS client's or server's settings: at least TLS 1.2, the peer always verified (client).
/// Shared by all connections of a process; cheap to copy. A client keeps the last session of
/// each host, so that the next connection to it resumes.
class TlsContext {
 public:
  /// `ca_file`: PEM bundle to trust in place of the system's; empty = the system's directory,
  /// looked up by hash so that nothing is read before it is needed.
  /// Errors: kConfig when the bundle cannot be read or holds no certificate.
  static Result<TlsContext> client(const std::string& ca_file);

  /// Errors: kConfig when certificate chain and key (PEM text) do not fit.
  static Result<TlsContext> server(const std::string& chain_pem, const std::string& key_pem);

  ssl_ctx_st* native() const { return context_.get(); }

 private:
  explicit TlsContext(std::shared_ptr<ssl_ctx_st> context) : context_(std::move(context)) {}
  std::shared_ptr<ssl_ctx_st> context_;
};

}  // namespace passport::net
