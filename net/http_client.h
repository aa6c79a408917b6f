// HTTP/1.1 requests over TLS (or plain, for loopback credential services), connections kept
// alive.
#pragma once
#include <map>
#include <memory>

#include "base/result.h"
#include "net/asio.h"
#include "net/outbound.h"
#include "wire/http.h"

namespace passport::net {

/// Sends requests, one at a time on a connection, and keeps idle connections for the next one
/// to the same endpoint. A request on a kept connection that the server had already closed is
/// sent once more on a new one. Redirects are not followed.
class HttpClient {
 public:
  static constexpr std::size_t kMaxBody = 4 << 20;

  /// `max_body`: bytes of an answer.
  HttpClient(asio::any_io_executor executor, Outbound outbound,
             std::size_t max_body = kMaxBody);
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  /// The target goes as given: whoever signs it has put `endpoint.path` in front.
  /// Any status is an answer. Errors: kUnavailable (name, connection, TLS: the detail says
  /// which and to where), kTimeout, kProtocol (not HTTP, or larger than max_body).
  Task<Result<wire::HttpResponse>> send(wire::Endpoint endpoint, wire::HttpRequest request,
                                        Deadline deadline);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  ///< shared with requests under way
};

}  // namespace passport::net
