// A websocket over TLS, as client or as server: whole messages, batched writes.
#pragma once
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "net/asio.h"
#include "net/outbound.h"
#include "wire/http.h"
#include "wire/websocket_message.h"

namespace passport::net {

using wire::WebSocketMessage;

/// Why a websocket is over. `code` is the peer's close code (RFC 6455 section 7.4) and `reason`
/// its text, not escaped; 1005 when its close frame had none. When the connection broke without
/// a close frame: 1006 and the network's error. When the peer broke the protocol: the code it
/// was told (1002, 1007, or 1009 for a message larger than kMaxMessage) and what was wrong.
struct WebSocketClosed {
  unsigned code = 1006;
  std::string reason;
};

/// An open websocket. One read and one write may be under way at a time; close() may join them.
/// permessage-deflate is off (broken in Beast 1.81). Messages are at most kMaxMessage bytes.
///
/// Liveness: the owner asks. ping() sends one, last_heard() is when any byte last came; nothing
/// times out by itself, so a reader that stops reading on purpose is not cut off.
class WebSocket {
 public:
  static constexpr std::size_t kMaxMessage = 1 << 20;

  virtual ~WebSocket() = default;

  /// Connects, verifies the host's certificate and upgrades. `request.target` and
  /// `request.headers` go into the GET as given (so that a signature over them holds).
  /// Errors: kUnavailable, kTimeout as HttpClient::send; kDenied when the server answers 401 or
  /// 403, kExpired 410, kThrottled 429, else kUnavailable: the detail quotes status and body.
  static Task<Result<std::unique_ptr<WebSocket>>> connect(asio::any_io_executor executor,
                                                          Outbound outbound,
                                                          wire::Endpoint endpoint,
                                                          wire::HttpRequest request,
                                                          Deadline deadline);

  /// The next whole message into `into` (its capacity is reused); `closed()` says why when
  /// false. Cancelling a read that waits ends the websocket.
  virtual Task<bool> read(WebSocketMessage& into) = 0;

  /// True while a further whole message has been received: read() gives it without waiting, so
  /// a reader that answers each message may put off its write until this is false.
  virtual bool has_buffered_input() const = 0;

  /// Sends the messages in order, as few TLS records and system calls as can be. False when
  /// the connection is over.
  virtual Task<bool> write(std::span<const WebSocketMessage> messages) = 0;

  /// Never waits for the network: while earlier bytes have not all been taken by it, none is
  /// sent, as the peer has those to answer first. False when the connection is over.
  virtual Task<bool> ping() = 0;
  virtual Deadline last_heard() const = 0;

  /// Sends a close frame and waits for the peer's until the deadline, then drops the
  /// connection.
  virtual Task<void> close(unsigned code, std::string reason, Deadline deadline) = 0;
  /// Drops the connection now; a read or write under way ends.
  virtual void abort() = 0;

  virtual const WebSocketClosed& closed() const = 0;

  // What a peer has to bear, for a server that tries it. Without effect where there is no
  // connection.

  /// Later messages go out as fragments of at most so many bytes, each in a write (and a TLS
  /// record) of its own; 0: whole.
  virtual void set_fragment_size(std::size_t /*bytes*/) {}
  /// Sends the first `bytes` bytes of the message's frame and breaks the connection there, by a
  /// TCP reset or else by the end of TCP without that of TLS. No other write may be under way.
  virtual Task<void> break_off(const WebSocketMessage& message, std::size_t bytes, bool reset);
  /// While on, the connection carries nothing either way and stays open, as a path that went
  /// half-open.
  virtual void hold(bool /*on*/) {}
};

}  // namespace passport::net
