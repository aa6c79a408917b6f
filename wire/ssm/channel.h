// Words that both halves of a data channel share.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>

#include "wire/websocket_message.h"

namespace passport::wire::ssm {

using Uuid = std::array<std::uint8_t, 16>;  ///< in the order of its text form
using UuidSource = std::function<Uuid()>;   ///< random version 4 UUIDs

using Time = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

/// Ties the steady clock, which all timers use, to the wall clock, which message headers show.
struct ClockOrigin {
  Time steady{};
  std::uint64_t unix_ms = 0;

  std::uint64_t unix_ms_at(Time t) const {
    return unix_ms +
           static_cast<std::uint64_t>(
               std::chrono::duration_cast<std::chrono::milliseconds>(t - steady).count());
  }
};

/// One websocket message to send. next_outgoing() fills it anew, reusing the capacity.
using Outgoing = WebSocketMessage;

}  // namespace passport::wire::ssm
