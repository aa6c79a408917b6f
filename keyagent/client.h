// One connection to the agent's socket.
#pragma once
#include <cstdint>
#include <memory>

#include "keyagent/agent_session.h"
#include "net/asio.h"

namespace passport::keyagent {

/// How long a message may take to come once it has begun, and an answer to go.
inline constexpr std::chrono::seconds kClientPatience{30};

struct ClientCounters {
  std::size_t connected = 0;
  std::uint64_t signatures = 0;
};

/// Answers messages until the client goes, says something too large, or holds one up. Takes
/// over `socket`, which does not block. The keyring is there for as long as the io_context
/// runs.
net::Task<void> serve_client(int socket, Keyring& keyring, RandomSource random,
                             std::shared_ptr<ClientCounters> counters);

}  // namespace passport::keyagent
