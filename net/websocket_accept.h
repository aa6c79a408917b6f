// The server's side of a websocket's beginning.
#pragma once
#include <memory>

#include "net/buffered_stream.h"
#include "net/websocket.h"

namespace passport::net {

/// Answers an upgrade request that has just been read from `stream` with 101 and `headers`.
/// Errors: kProtocol when the request is none.
Result<std::unique_ptr<WebSocket>> accept_websocket(BufferedStream stream,
                                                    const wire::HttpRequest& request,
                                                    const wire::HttpHeaders& headers);

}  // namespace passport::net
