// An HTTPS server that can hand a connection over as a websocket.
#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "base/result.h"
#include "net/asio.h"
#include "net/peer_limits.h"
#include "net/tls.h"
#include "net/websocket.h"
#include "wire/http.h"

namespace passport::net {

/// What a server does with requests. Handlers run on the server's executor. Answers get a Date
/// unless they have one: who asks can tell a clock that is wrong.
struct HttpHandlers {
  /// Answers one request. Exceptions become 500.
  std::function<Task<wire::HttpResponse>(wire::HttpRequest)> request;

  /// Decides on a websocket upgrade: a status of 101 accepts (then `websocket` runs), any other
  /// is sent as the answer.
  std::function<Task<wire::HttpResponse>(const wire::HttpRequest&)> upgrade;

  /// Owns the websocket until it returns.
  std::function<Task<void>(wire::HttpRequest, std::unique_ptr<WebSocket>)> websocket;

  /// How the server itself says no: 400, 413, 429, 431 and why. By default a line of text.
  std::function<wire::HttpResponse(int status, std::string why)> refusal{};
};

struct HttpLimits {
  std::size_t body = 4 << 20;   ///< bytes of a request
  std::size_t connections = 0;  ///< at once, of all peers; 0: no limit
  PeerLimits peer{};
};

/// HTTPS on one address. Deadlines: TLS handshake 10 s, a request's header and body 30 s, an
/// idle kept connection 60 s. A connection beyond the limits is closed, a request answered with
/// 429. A failed accept is retried after a pause.
class HttpServer {
 public:
  /// Binds and listens; port 0 picks a free one. Errors: kUnavailable with address and reason.
  /// Without `tls` it speaks plain HTTP, for loopback only.
  static Result<std::unique_ptr<HttpServer>> listen(asio::any_io_executor executor,
                                                    std::optional<TlsContext> tls,
                                                    const std::string& address,
                                                    unsigned short port, HttpHandlers handlers,
                                                    HttpLimits limits = {});
  virtual ~HttpServer() = default;  ///< stops, drops all connections

  virtual unsigned short port() const = 0;
  /// Stops accepting and drops idle connections; those in use end with their request.
  virtual void stop() = 0;
};

}  // namespace passport::net
