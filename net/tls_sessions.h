// The TLS sessions that a client context keeps for resumption.
#pragma once
#include <map>
#include <memory>
#include <string>

#include <openssl/ssl.h>

namespace passport::net {

struct SslSessionFree {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SslSessionPtr = std::unique_ptr<SSL_SESSION, SslSessionFree>;

/// The last session of each server, by "host:port": a resumed session is not verified again, so
/// it must never be offered under another name. At most kMaxServers are kept.
class TlsSessions {
 public:
  static constexpr std::size_t kMaxServers = 32;

  /// Makes a client context keep its sessions in a store of its own.
  static void attach(SSL_CTX* context);

  /// Names the server of a connection and offers the session kept for it, if any.
  static void begin(SSL* connection, const std::string& server);

 private:
  static int keep(SSL* connection, SSL_SESSION* session);

  std::map<std::string, SslSessionPtr> by_server_;
};

}  // namespace passport::net
