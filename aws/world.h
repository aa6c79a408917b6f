// What calls to AWS need of the world outside, so that tests can stand in for it.
#pragma once
#include <chrono>
#include <functional>

#include "aws/environment.h"
#include "base/result.h"
#include "base/secret.h"
#include "net/asio.h"
#include "net/outbound.h"
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
  /// Asks the user for what is not to be shown, as net::ask_terminal; empty: there is nobody to
  /// ask.
  std::function<net::Task<Result<Secret>>(std::string prompt, net::Deadline)> ask;
};

/// The real one. Connections are kept as long as a copy of it lives.
World make_world(net::asio::any_io_executor executor, net::Outbound outbound);

}  // namespace passport::aws
