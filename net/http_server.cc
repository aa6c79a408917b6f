#include "net/http_server.h"

#include <cerrno>
#include <exception>
#include <list>

#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "net/error_text.h"
#include "net/http_io.h"
#include "net/websocket_accept.h"
#include "wire/aws/time.h"

namespace passport::net {
namespace {

using RequestParser = http::request_parser<http::string_body>;
using namespace std::chrono_literals;

constexpr auto kHandshakeTime = 10s;
constexpr auto kRequestTime = 30s;
constexpr auto kIdleTime = 60s;
constexpr auto kAcceptPause = 100ms;

/// With the time, unless the handler told one.
std::string serialize(const wire::HttpResponse& response, bool with_body, bool keep_alive) {
  const auto reason = http::obsolete_reason(static_cast<http::status>(response.status));
  auto out = fmt::format("HTTP/1.1 {} {}\r\n", response.status,
                         std::string_view(reason.data(), reason.size()));
  append_headers(out, response.headers);
  if (wire::find_header(response.headers, "Date").empty())
    out += fmt::format("Date: {}\r\n",
                       wire::aws::encode_http_date(std::chrono::floor<std::chrono::seconds>(
                           std::chrono::system_clock::now())));
  const bool no_content = response.status == 204 || response.status == 304;
  if (!no_content) out += fmt::format("Content-Length: {}\r\n", response.body.size());
  out += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  if (with_body && !no_content) out += response.body;
  return out;
}

wire::HttpResponse plain(int status, std::string text) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain"}},
          .body = std::move(text) + "\n"};
}

wire::HttpResponse refuse(const HttpHandlers& by, int status, std::string why) {
  return by.refusal ? by.refusal(status, std::move(why)) : plain(status, std::move(why));
}

/// What ended the reading of a request, as an answer; nothing when the peer has gone.
std::optional<wire::HttpResponse> answer_to(const error_code& error, const HttpHandlers& by) {
  if (error == http::error::body_limit) return refuse(by, 413, "request body is too large");
  if (error == http::error::header_limit || error == asio::error::no_buffer_space)
    return refuse(by, 431, "request header is too large");
  if (error == http::error::end_of_stream || error == http::error::partial_message ||
      error.category() != http::make_error_code(http::error::bad_version).category()) {
    return std::nullopt;
  }
  return refuse(by, 400, "request is not HTTP");
}

struct Connection;

/// What the listener and its connections share; connections may outlive the server by the
/// time that their coroutines need to notice.
struct Shared {
  std::optional<TlsContext> tls;
  HttpHandlers handlers;
  HttpLimits limits;
  PeerCounts peers{limits.peer};
  std::list<Connection*> connections{};
  bool stopping = false;
};

/// One accepted connection, listed while it lives.
struct Connection {
  Connection(std::shared_ptr<Shared> owner, BufferedStream s, asio::ip::address from)
      : shared(std::move(owner)),
        stream(std::move(s)),
        peer(std::move(from)),
        place(shared->connections.insert(shared->connections.end(), this)) {}
  ~Connection() {
    shared->connections.erase(place);
    shared->peers.close(peer);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  std::shared_ptr<Shared> shared;
  BufferedStream stream;
  asio::ip::address peer;
  std::list<Connection*>::iterator place;
  bool idle = true;
};

Task<wire::HttpResponse> call(const Shared& shared, wire::HttpRequest request) {
  std::string what;
  try {
    co_return co_await shared.handlers.request(std::move(request));
  } catch (const std::exception& e) {
    what = e.what();
  }
  log(LogLevel::kInfo, "request failed error=\"{}\"", escape_for_terminal(what));
  co_return plain(500, "internal error");
}

Task<wire::HttpResponse> decide(const Shared& shared, const wire::HttpRequest& request) {
  std::string what;
  try {
    co_return co_await shared.handlers.upgrade(request);
  } catch (const std::exception& e) {
    what = e.what();
  }
  log(LogLevel::kInfo, "upgrade failed error=\"{}\"", escape_for_terminal(what));
  co_return plain(500, "internal error");
}

wire::HttpRequest take_request(RequestParser& parser) {
  auto& message = parser.get();
  wire::HttpRequest request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  request.headers = headers_of(message);
  request.body = std::move(message.body());
  return request;
}

bool is_upgrade(const wire::HttpRequest& request) {
  return request.method == "GET" &&
         equal_ignoring_case(wire::find_header(request.headers, "Upgrade"), "websocket");
}

/// Waits for a request and reads it. False when the connection is done with.
Task<bool> read_request(Connection& connection, RequestParser& parser) {
  auto& stream = connection.stream;
  connection.idle = stream.buffered().empty();
  if (connection.idle) {
    const auto watchdog = abort_at(deadline_in(kIdleTime), stream);
    if (co_await stream.fill()) co_return false;
    connection.idle = false;
  }
  const auto watchdog = abort_at(deadline_in(kRequestTime), stream);
  parser.header_limit(kMaxHttpHeader);
  parser.body_limit(connection.shared->limits.body);
  auto error = co_await read_http(stream, parser, true);
  if (!error && !parser.is_done()) {
    if (equal_ignoring_case(std::string_view(parser.get()[http::field::expect]),
                            "100-continue")) {
      stream.append(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"));
      stream.start_flush();
    }
    error = co_await read_http(stream, parser, false);
  }
  if (!error) co_return true;
  if (const auto answer = answer_to(error, connection.shared->handlers)) {
    stream.append(as_bytes(serialize(*answer, true, false)));
    stream.finish();
    // Bytes that nobody reads would make the kernel reset the connection under the answer.
    while (!co_await stream.fill()) stream.consume(stream.buffered().size());
  }
  co_return false;
}

Task<bool> send(BufferedStream stream, std::string bytes) {
  const auto watchdog = abort_at(deadline_in(kRequestTime), stream);
  stream.append(as_bytes(bytes));
  co_return !co_await stream.flush();
}

/// Answers an upgrade request. True when it was refused and the connection goes on.
Task<bool> upgrade(std::shared_ptr<Shared> shared, BufferedStream stream,
                   wire::HttpRequest request) {
  auto answer = co_await decide(*shared, request);
  if (answer.status != 101) co_return co_await send(stream, serialize(answer, true, true));
  auto websocket = accept_websocket(stream, request, answer.headers);
  if (!websocket) co_return false;
  try {
    co_await shared->handlers.websocket(std::move(request), std::move(*websocket));
  } catch (const std::exception& e) {
    log(LogLevel::kInfo, "websocket failed error=\"{}\"", escape_for_terminal(e.what()));
  }
  co_return false;
}

Task<void> serve_requests(const std::shared_ptr<Shared>& shared, Connection& connection) {
  auto& stream = connection.stream;
  while (!shared->stopping) {
    RequestParser parser;
    if (!co_await read_request(connection, parser)) co_return;
    const bool keep_alive = parser.get().keep_alive();
    auto request = take_request(parser);
    if (!shared->peers.take(connection.peer, PeerCounts::Clock::now())) {
      auto answer = refuse(shared->handlers, 429, "too many requests from this address");
      answer.headers.emplace_back("Retry-After", "1");
      if (!co_await send(stream, serialize(answer, true, keep_alive)) || !keep_alive) co_return;
      continue;
    }
    if (shared->handlers.upgrade && is_upgrade(request)) {
      if (!co_await upgrade(shared, stream, std::move(request))) co_return;
      continue;
    }
    const bool with_body = request.method != "HEAD";
    const auto answer = co_await call(*shared, std::move(request));
    const bool go_on = keep_alive && !shared->stopping;
    if (!co_await send(stream, serialize(answer, with_body, go_on)) || !go_on) co_return;
  }
}

/// `peer` is counted among the connections of its kind.
Task<void> serve(std::shared_ptr<Shared> shared, tcp::socket socket, asio::ip::address peer) {
  auto engine = shared->tls ? TlsEngine::server(*shared->tls) : nullptr;
  Connection connection(shared, BufferedStream(std::move(socket), std::move(engine)), peer);
  {
    const auto watchdog = abort_at(deadline_in(kHandshakeTime), connection.stream);
    if (!co_await connection.stream.handshake()) connection.stream.abort();
  }
  co_await serve_requests(shared, connection);
  connection.stream.finish();
}

class Server final : public HttpServer {
 public:
  Server(tcp::acceptor acceptor, std::shared_ptr<Shared> shared)
      : port_(acceptor.local_endpoint().port()),
        acceptor_(std::make_shared<tcp::acceptor>(std::move(acceptor))),
        shared_(std::move(shared)) {}
  ~Server() override {
    stop();
    for (auto* connection : shared_->connections) connection->stream.abort();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  unsigned short port() const override { return port_; }

  void stop() override {
    shared_->stopping = true;
    error_code ignored;
    acceptor_->close(ignored);
    for (auto* connection : shared_->connections) {
      if (connection->idle) connection->stream.abort();
    }
  }

  void start() {
    asio::co_spawn(acceptor_->get_executor(), accept(acceptor_, shared_), asio::detached);
  }

 private:
  static void begin(const std::shared_ptr<Shared>& shared, tcp::socket socket) {
    const auto& limits = shared->limits;
    if (limits.connections > 0 && shared->connections.size() >= limits.connections) return;
    error_code error;
    const auto peer = socket.remote_endpoint(error).address();
    if (error || !shared->peers.open(peer, PeerCounts::Clock::now())) return;
    const auto executor = socket.get_executor();
    asio::co_spawn(executor, serve(shared, std::move(socket), peer), asio::detached);
  }

  static Task<void> accept(std::shared_ptr<tcp::acceptor> acceptor,
                           std::shared_ptr<Shared> shared) {
    while (!shared->stopping) {
      error_code error;
      auto socket =
          co_await acceptor->async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (shared->stopping) co_return;
      if (!error) {
        begin(shared, std::move(socket));
        continue;
      }
      // Out of descriptors or memory: connections under way may end and give some back.
      asio::steady_timer pause(acceptor->get_executor(), kAcceptPause);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }

  unsigned short port_;
  std::shared_ptr<tcp::acceptor> acceptor_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(
    asio::any_io_executor executor, std::optional<TlsContext> tls, const std::string& address,
    unsigned short port, HttpHandlers handlers, HttpLimits limits) {
  const auto fail = [&](const error_code& error) {
    return Error{Errc::kUnavailable,
                 fmt::format("cannot listen on {}:{}: {}", escape_for_terminal(address), port,
                             describe(error))};
  };
  error_code error;
  const tcp::endpoint endpoint(asio::ip::make_address(address, error), port);
  if (error) return fail(error);
  tcp::acceptor acceptor(executor);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return fail(error);
  auto shared = std::make_shared<Shared>(Shared{std::move(tls), std::move(handlers), limits});
  auto server = std::make_unique<Server>(std::move(acceptor), std::move(shared));
  server->start();
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace passport::net
