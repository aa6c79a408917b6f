// One whole websocket message: what channels make and take, and net carries.
#pragma once
#include "base/bytes.h"

namespace passport::wire {

struct WebSocketMessage {
  bool text = false;
  Bytes bytes;
};

}  // namespace passport::wire
