// What calls to AWS need of the world outside, so that tests can stand in for it.
#pragma once
#include <chrono>
#include <functional>

#include "aws/environment.h"
#include "base/result.h"
#include "net/asio.h"
#include "net/tls.h"
#include "wire/http.h"

namespace passport::aws {

struct World {
  Environment environment;
  std::function<std::chrono::sys_seconds()> now;
  std::function<net::Task<void>(std::chrono::milliseconds)> sleep;
  std::function<double()> jitter;  ///< in [0, 1), even
  /// As net::HttpClient::send. The endpoint has no path of its own.
  std::function<net::Task<Result<wire::HttpResponse>>(wire::Endpoint, wire::HttpRequest,
                                                      net::Deadline)>
      send;
};

/// The real one. Connections are kept as long as a copy of it lives.
World make_world(net::asio::any_io_executor executor, net::TlsContext tls);

}  // namespace passport::aws
