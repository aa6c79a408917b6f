// One client's conversation with the agent.
#pragma once
#include <optional>

#include "base/bytes.h"
#include "keyagent/keyring.h"
#include "keyagent/random_source.h"
#include "wire/ssh/agent_message.h"
#include "wire/ssh/public_key.h"

namespace passport::keyagent {

/// Answers the messages of one connection (RFC 9987): listing, signing, lock and unlock, and
/// the extensions "query" and "session-bind@openssh.com" (OpenSSH PROTOCOL.agent). All else,
/// adding keys and providers above all, is refused.
///
/// A connection that was bound to a session signs for the login to that session alone. A bind
/// that fails, that says that the agent is forwarded, or that is for a second session, closes
/// it to all signing: whoever is there may not be on this machine. Pure: time and randomness
/// are arguments. Not thread-safe.
class AgentSession {
 public:
  static constexpr std::size_t kMaxMessage = wire::ssh::kMaxAgentMessage;  ///< bytes

  AgentSession(Keyring& keyring, RandomSource random)
      : keyring_(keyring), random_(std::move(random)) {}

  /// The answer to one message, both without their length. Never fails: what cannot be read is
  /// answered with SSH_AGENT_FAILURE.
  Bytes answer(ByteView message, Time now);

 private:
  struct Bind {
    wire::ssh::PublicKey host_key;
    Bytes session_id;
  };

  Bytes list(Time now) const;
  Bytes sign(ByteReader in, Time now) const;
  Bytes lock(ByteReader in);
  Bytes unlock(ByteReader in);
  Bytes extend(ByteReader in);
  bool bind(ByteReader in);
  bool may_sign(const Identity& identity, ByteView data) const;

  Keyring& keyring_;
  RandomSource random_;
  std::optional<Bind> bind_;
  bool closed_ = false;  ///< to signing
};

}  // namespace passport::keyagent
