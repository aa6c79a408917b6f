// One end of a session: a websocket and what is to be written to it.
#pragma once
#include <functional>
#include <memory>

#include "net/asio.h"
#include "net/event.h"
#include "net/websocket.h"

namespace passport::lab {

struct MessageLink {
  MessageLink(const net::asio::any_io_executor& executor, std::unique_ptr<net::WebSocket> ws)
      : websocket(std::move(ws)), outgoing(executor) {}

  std::unique_ptr<net::WebSocket> websocket;
  net::Event outgoing;  ///< there may be something to write
};

struct LinkSource {
  /// Fills in the next message to write; false: none now. Not called once live() is false.
  std::function<bool(wire::WebSocketMessage&)> next;
  std::function<bool()> live;  ///< the link is still the one in use
  std::function<bool()> over;  ///< nothing will come any more: close
};

/// Writes messages in batches until the websocket breaks, live() turns false (then it is
/// dropped) or over() true (then it is closed in order). Pings while there is nothing to write.
net::Task<void> write_link(std::shared_ptr<MessageLink> link, LinkSource source);

/// Drops the connection after `within`, whatever is still being written to it.
net::Task<void> abort_later(std::shared_ptr<MessageLink> link,
                            std::chrono::milliseconds within);

}  // namespace passport::lab
