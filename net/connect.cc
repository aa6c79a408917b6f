#include "net/connect.h"

#include <algorithm>

#include <boost/asio/redirect_error.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "net/error_text.h"
#include "net/proxy_connect.h"
#include "net/resolve.h"
#include "net/warm_connections.h"
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

Task<Result<BufferedStream>> connect_socket(asio::any_io_executor executor,
                                            wire::Endpoint endpoint, std::string name,
                                            Deadline deadline) {
  auto addresses = co_await resolve(endpoint.host, endpoint.port, deadline);
  if (!addresses) co_return addresses.error();
  for (std::size_t i = 0;; ++i) {
    const bool last = i + 1 == addresses->size();
    const auto until = last ? deadline : std::min(deadline, deadline_in(kAddressTime));
    auto socket = co_await connect_address(executor, (*addresses)[i], name, until);
    if (socket) co_return BufferedStream(std::move(*socket), nullptr);
    if (last || std::chrono::steady_clock::now() >= deadline) co_return socket.error();
  }
}

/// Null for an endpoint without TLS.
Result<std::unique_ptr<TlsEngine>> make_engine(const Outbound& outbound,
                                               const wire::Endpoint& endpoint) {
  if (!endpoint.tls) return std::unique_ptr<TlsEngine>();
  return TlsEngine::client(outbound.tls, endpoint.host, endpoint.port);
}

Task<Result<void>> ask_proxy(BufferedStream stream, const wire::Proxy& proxy,
                             wire::Endpoint endpoint, Deadline deadline) {
  const auto watchdog = abort_at(deadline, stream);
  auto connected = co_await connect_through(stream, proxy, endpoint);
  if (watchdog.expired()) {
    co_return Error{Errc::kTimeout, fmt::format("no answer from proxy {} to a connection to {}",
                                                name_of(proxy.endpoint), name_of(endpoint))};
  }
  co_return connected;
}

}  // namespace

std::string name_of(const wire::Endpoint& endpoint) {
  const bool bracket = endpoint.host.find(':') != std::string::npos;
  const auto host = escape_for_terminal(endpoint.host, 255);
  return fmt::format(fmt::runtime(bracket ? "[{}]:{}" : "{}:{}"), host, endpoint.port);
}

Task<Result<BufferedStream>> secure_stream(BufferedStream stream,
                                           std::unique_ptr<TlsEngine> engine, std::string name,
                                           Deadline deadline) {
  if (!engine) co_return stream;
  stream.start_tls(std::move(engine));
  const auto watchdog = abort_at(deadline, stream);
  const auto secured = co_await stream.handshake();
  if (secured) co_return stream;
  if (watchdog.expired()) {
    co_return Error{Errc::kTimeout, fmt::format("TLS with {}: no answer", name)};
  }
  co_return Error{Errc::kUnavailable,
                  fmt::format("TLS with {}: {}", name, secured.error().detail)};
}

Task<Result<BufferedStream>> connect_route(asio::any_io_executor executor, Outbound outbound,
                                           wire::Endpoint endpoint, Deadline deadline) {
  const auto found = outbound.proxies->find(endpoint);
  if (!found) co_return found.error();
  const auto* proxy = *found;
  if (proxy == nullptr)
    co_return co_await connect_socket(executor, endpoint, name_of(endpoint), deadline);
  const auto name = "proxy " + name_of(proxy->endpoint);
  auto outer = make_engine(outbound, proxy->endpoint);
  if (!outer) co_return outer.error();
  auto socket = co_await connect_socket(executor, proxy->endpoint, name, deadline);
  if (!socket) co_return socket.error();
  auto stream = co_await secure_stream(std::move(*socket), std::move(*outer), name, deadline);
  if (!stream) co_return stream.error();
  const auto connected = co_await ask_proxy(*stream, *proxy, endpoint, deadline);
  if (!connected) co_return connected.error();
  co_return std::move(*stream);
}

Task<Result<BufferedStream>> connect_stream(asio::any_io_executor executor, Outbound outbound,
                                            wire::Endpoint endpoint, Deadline deadline) {
  if (outbound.warm) {
    const auto warm = co_await outbound.warm->take(endpoint, deadline);
    if (warm) co_return *warm;
  }
  auto engine = make_engine(outbound, endpoint);
  if (!engine) co_return engine.error();
  auto stream = co_await connect_route(executor, outbound, endpoint, deadline);
  if (!stream) co_return stream.error();
  co_return co_await secure_stream(std::move(*stream), std::move(*engine), name_of(endpoint),
                                   deadline);
}

}  // namespace passport::net
