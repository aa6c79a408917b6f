#include "net/connect.h"

#include <algorithm>

#include <boost/asio/redirect_error.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "net/error_text.h"
#include "net/resolve.h"
#include "net/watchdog.h"

namespace passport::net {
namespace {

Watchdog close_at(Deadline deadline, tcp::socket& socket) {
  return Watchdog(socket.get_executor(), deadline, [&socket] {
    error_code ignored;
    socket.close(ignored);
  });
}

Task<Result<tcp::socket>> connect_address(asio::any_io_executor executor, tcp::endpoint address,
                                          std::string name, Deadline deadline) {
  tcp::socket socket(executor);
  error_code error;
  const auto watchdog = close_at(deadline, socket);
  co_await socket.async_connect(address, asio::redirect_error(asio::use_awaitable, error));
  if (watchdog.expired()) {
    co_return Error{Errc::kTimeout, fmt::format("cannot connect to {}: no answer", name)};
  }
  if (error) {
    co_return Error{Errc::kUnavailable,
                    fmt::format("cannot connect to {}: {}", name, describe(error))};
  }
  co_return socket;
}

Task<Result<tcp::socket>> connect_socket(asio::any_io_executor executor,
                                         wire::Endpoint endpoint, Deadline deadline) {
  auto addresses = co_await resolve(endpoint.host, endpoint.port, deadline);
  if (!addresses) co_return addresses.error();
  for (std::size_t i = 0;; ++i) {
    const bool last = i + 1 == addresses->size();
    const auto until = last ? deadline : std::min(deadline, deadline_in(kAddressTime));
    auto socket = co_await connect_address(executor, (*addresses)[i], name_of(endpoint), until);
    if (socket || last || std::chrono::steady_clock::now() >= deadline) co_return socket;
  }
}

}  // namespace

std::string name_of(const wire::Endpoint& endpoint) {
  const bool bracket = endpoint.host.find(':') != std::string::npos;
  const auto host = escape_for_terminal(endpoint.host, 255);
  return fmt::format(fmt::runtime(bracket ? "[{}]:{}" : "{}:{}"), host, endpoint.port);
}

Task<Result<BufferedStream>> connect_stream(asio::any_io_executor executor, TlsContext tls,
                                            wire::Endpoint endpoint, Deadline deadline) {
  Result<std::unique_ptr<TlsEngine>> engine(nullptr);
  if (endpoint.tls) engine = TlsEngine::client(tls, endpoint.host, endpoint.port);
  if (!engine) co_return engine.error();
  auto socket = co_await connect_socket(executor, endpoint, deadline);
  if (!socket) co_return socket.error();
  BufferedStream stream(std::move(*socket), std::move(*engine));
  const auto watchdog = abort_at(deadline, stream);
  const auto secured = co_await stream.handshake();
  if (secured) co_return stream;
  if (watchdog.expired()) {
    co_return Error{Errc::kTimeout, fmt::format("TLS with {}: no answer", name_of(endpoint))};
  }
  co_return Error{Errc::kUnavailable,
                  fmt::format("TLS with {}: {}", name_of(endpoint), secured.error().detail)};
}

}  // namespace passport::net
