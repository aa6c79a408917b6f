#include "net/websocket.h"

#include <algorithm>

#include <boost/asio/redirect_error.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "net/connect.h"
#include "net/error_text.h"
#include "net/http_io.h"
#include "net/websocket_accept.h"

namespace passport::net {
namespace {

namespace websocket = boost::beast::websocket;

using Stream = websocket::stream<BufferedStream, false>;

constexpr unsigned kNoStatus = 1005;  // RFC 6455 section 7.4.1: a close frame without a code
constexpr std::size_t kMaxReason = 123;
constexpr std::size_t kQuotedBody = 200;

/// What an open websocket's operations share, and outlives them all.
struct State {
  explicit State(BufferedStream s) : stream(s), ws(std::move(s)) {
    ws.set_option(websocket::stream_base::timeout{websocket::stream_base::none(),
                                                  websocket::stream_base::none(), false});
    ws.auto_fragment(false);
    ws.read_message_max(WebSocket::kMaxMessage);
    ws.write_buffer_bytes(16 << 10);
  }

  /// The connection is over for the reason that a read gave.
  void end(const error_code& error) {
    if (std::exchange(over, true)) return;
    if (error == websocket::error::closed) {
      const auto& said = ws.reason();
      closed.code = said.code == websocket::close_code::none ? kNoStatus : said.code;
      closed.reason.assign(said.reason.data(), said.reason.size());
      return;
    }
    closed.reason = describe(error);
    if (error == websocket::error::message_too_big) {
      closed.code = websocket::close_code::too_big;
    } else if (error == websocket::error::bad_frame_payload) {
      closed.code = websocket::close_code::bad_payload;
    } else if (error == websocket::condition::protocol_violation) {
      closed.code = websocket::close_code::protocol_error;
    } else {
      stream.abort();
    }
  }

  BufferedStream stream;  ///< the same connection as the one in `ws`
  Stream ws;
  std::size_t fragment_size = 0;
  bool closing = false;
  bool over = false;
  WebSocketClosed closed;
};

class BeastWebSocket final : public WebSocket {
 public:
  explicit BeastWebSocket(std::shared_ptr<State> state) : state_(std::move(state)) {}
  ~BeastWebSocket() override { abort(); }
  BeastWebSocket(const BeastWebSocket&) = delete;
  BeastWebSocket& operator=(const BeastWebSocket&) = delete;

  Task<bool> read(WebSocketMessage& into) override {
    const auto state = state_;
    into.bytes.clear();
    if (state->over || state->closing) co_return false;
    auto buffer = asio::dynamic_buffer(into.bytes);
    error_code error;
    if (state->stream.whole_messages() > 0) {
      state->ws.read(buffer, error);                                 // from memory
      if (state->stream.pending() > 0) state->stream.start_flush();  // pongs, a close frame
    } else {
      co_await state->ws.async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
    }
    if (error) {
      state->end(error);
      co_return false;
    }
    state->stream.take_message();
    into.text = state->ws.got_text();
    co_return !state->over;
  }

  bool has_buffered_input() const override { return state_->stream.whole_messages() > 0; }

  Task<bool> write(std::span<const WebSocketMessage> messages) override {
    const auto state = state_;
    for (const auto& message : messages) {
      if (state->over || state->closing) co_return false;
      state->ws.text(message.text);
      error_code error;
      if (state->fragment_size > 0) {
        error = co_await write_fragments(state, message);
      } else {
        state->ws.write(asio::buffer(message.bytes), error);  // to memory
      }
      if (!error && state->stream.pending() > BufferedStream::kMaxPending) {
        error = co_await state->stream.flush();
      }
      if (error) co_return false;
    }
    const auto error = co_await state->stream.flush();
    co_return !error && !state->over;
  }

  Task<bool> ping() override {
    const auto state = state_;
    if (state->over || state->closing) co_return false;
    error_code error;
    if (state->stream.pending() == 0) {
      state->ws.ping({}, error);
      state->stream.start_flush();
    }
    co_return !error && !state->stream.write_error();
  }

  Deadline last_heard() const override { return state_->stream.last_heard(); }

  Task<void> close(unsigned code, std::string reason, Deadline deadline) override {
    const auto state = state_;
    if (state->over || std::exchange(state->closing, true)) co_return;
    const auto watchdog = abort_at(deadline, state->stream);
    websocket::close_reason frame(static_cast<websocket::close_code>(code));
    frame.reason.assign(reason.data(), std::min(reason.size(), kMaxReason));
    error_code error;
    co_await state->ws.async_close(frame, asio::redirect_error(asio::use_awaitable, error));
    if (!error) co_await state->stream.flush();
    state->end(error ? error : websocket::error::closed);
    state->stream.abort();
  }

  void abort() override {
    if (!state_->over) state_->end(asio::error::operation_aborted);
    state_->stream.abort();
  }

  const WebSocketClosed& closed() const override { return state_->closed; }

  void set_fragment_size(std::size_t bytes) override { state_->fragment_size = bytes; }

  Task<void> break_off(const WebSocketMessage& message, std::size_t bytes,
                       bool reset) override {
    const auto state = state_;
    if (!state->over && !state->closing && bytes > 0) {
      co_await state->stream.flush();
      error_code error;
      state->ws.text(message.text);
      state->ws.write(asio::buffer(message.bytes), error);  // to memory
      state->stream.truncate(bytes);
      co_await state->stream.flush();
    }
    state->end(asio::error::operation_aborted);
    state->stream.break_off(reset);
  }

  void hold(bool on) override { state_->stream.hold(on); }

 private:
  static Task<error_code> write_fragments(std::shared_ptr<State> state,
                                          const WebSocketMessage& message) {
    ByteView rest = message.bytes;
    error_code error;
    do {
      const auto piece = rest.first(std::min(rest.size(), state->fragment_size));
      rest = rest.subspan(piece.size());
      state->ws.write_some(rest.empty(), asio::buffer(piece.data(), piece.size()), error);
      if (!error) error = co_await state->stream.flush();
    } while (!error && !rest.empty());
    co_return error;
  }

  std::shared_ptr<State> state_;
};

/// Puts `headers` into the request or the answer that opens the websocket.
void add_headers(Stream& ws, const wire::HttpHeaders& headers) {
  ws.set_option(websocket::stream_base::decorator([headers](auto& message) {
    for (const auto& [name, value] : headers) message.insert(name, value);
  }));
}

/// The first line, also of a text inside JSON: behind it a service may repeat the request that
/// it was sent, signature and tokens with it.
std::string_view first_line(std::string_view body) {
  return body.substr(0, std::min(body.find_first_of("\r\n"), body.find("\\n")));
}

/// The error that a refused upgrade means.
Error refusal(const wire::Endpoint& endpoint, const websocket::response_type& response) {
  const auto status = response.result_int();
  const auto code = status == 401 || status == 403 ? Errc::kDenied
                    : status == 410                ? Errc::kExpired
                    : status == 429                ? Errc::kThrottled
                                                   : Errc::kUnavailable;
  auto detail =
      fmt::format("{} refused the websocket with status {}", name_of(endpoint), status);
  if (const auto said = first_line(response.body()); !said.empty()) {
    detail += fmt::format(": \"{}\"", escape_for_terminal(said, kQuotedBody));
  }
  return {code, detail};
}

Error failure(const wire::Endpoint& endpoint, const error_code& error) {
  const auto name = name_of(endpoint);
  if (error == http::error::end_of_stream || error == http::error::partial_message) {
    return {Errc::kUnavailable,
            fmt::format("{} closed the connection without an answer", name)};
  }
  return {Errc::kUnavailable,
          fmt::format("opening a websocket with {}: {}", name, describe(error))};
}

}  // namespace

Task<void> WebSocket::break_off(const WebSocketMessage& /*message*/, std::size_t /*bytes*/,
                                bool /*reset*/) {
  abort();
  co_return;
}

Task<Result<std::unique_ptr<WebSocket>>> WebSocket::connect(asio::any_io_executor executor,
                                                            Outbound outbound,
                                                            wire::Endpoint endpoint,
                                                            wire::HttpRequest request,
                                                            Deadline deadline) {
  if (!headers_are_sound(request.headers)) {
    co_return Error{Errc::kInternal, "request holds characters that HTTP does not allow"};
  }
  auto stream = co_await connect_stream(executor, outbound, endpoint, deadline);
  if (!stream) co_return stream.error();
  const auto state = std::make_shared<State>(*stream);
  const auto watchdog = abort_at(deadline, state->stream);
  add_headers(state->ws, request.headers);
  websocket::response_type response;
  error_code error;
  state->stream.read_by_line();
  co_await state->ws.async_handshake(response, endpoint.authority(), request.target,
                                     asio::redirect_error(asio::use_awaitable, error));
  if (watchdog.expired()) {
    co_return Error{Errc::kTimeout, fmt::format("no answer from {} to the websocket request",
                                                name_of(endpoint))};
  }
  if (error == websocket::error::upgrade_declined) co_return refusal(endpoint, response);
  if (error) co_return failure(endpoint, error);
  state->stream.expect_frames();
  std::unique_ptr<WebSocket> open = std::make_unique<BeastWebSocket>(state);
  co_return open;
}

Result<std::unique_ptr<WebSocket>> accept_websocket(BufferedStream stream,
                                                    const wire::HttpRequest& request,
                                                    const wire::HttpHeaders& headers) {
  http::request<http::empty_body> upgrade;
  upgrade.method_string(request.method);
  upgrade.target(request.target);
  upgrade.version(11);
  for (const auto& [name, value] : request.headers) upgrade.insert(name, value);
  const auto state = std::make_shared<State>(std::move(stream));
  add_headers(state->ws, headers);
  error_code error;
  state->ws.accept(upgrade, error);
  state->stream.start_flush();
  if (error) return Error{Errc::kProtocol, describe(error)};
  state->stream.expect_frames();
  std::unique_ptr<WebSocket> open = std::make_unique<BeastWebSocket>(state);
  return open;
}

}  // namespace passport::net
