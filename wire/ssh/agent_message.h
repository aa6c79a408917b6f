// The agent protocol's message numbers.
#pragma once
#include <cstddef>
#include <cstdint>

namespace passport::wire::ssh {

inline constexpr std::size_t kMaxAgentMessage = 256 << 10;  ///< bytes, without its length

/// RFC 9987 section 8.1, "Message numbers".
enum class AgentMessage : std::uint8_t {
  kFailure = 5,
  kSuccess = 6,
  kRequestIdentities = 11,
  kIdentitiesAnswer = 12,
  kSignRequest = 13,
  kSignResponse = 14,
  kLock = 22,
  kUnlock = 23,
  kExtension = 27,
  kExtensionFailure = 28,
  kExtensionResponse = 29,
};

}  // namespace passport::wire::ssh
