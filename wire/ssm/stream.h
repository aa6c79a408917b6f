// The reliable, ordered stream of messages that both halves of a data channel run over frames
// that may be lost, doubled, reordered or held up.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "base/result.h"
#include "wire/ssm/agent_message.h"
#include "wire/ssm/channel.h"
#include "wire/ssm/window.h"

namespace passport::wire::ssm {

inline constexpr std::size_t kDefaultPayload = 1536;  ///< known to pass the real service
inline constexpr std::size_t kMaxPayload = 65536;

struct StreamCounters {
  std::uint64_t sent = 0;       ///< stream messages sent for the first time
  std::uint64_t resent = 0;
  std::uint64_t received = 0;   ///< delivered in order
  std::uint64_t duplicates = 0;
  std::uint64_t refused = 0;    ///< wrong digest, or beyond the reorder bound
};

}  // namespace passport::wire::ssm
