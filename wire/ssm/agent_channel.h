// The agent's half of one SSM data channel that carries a port or a shell: what the lab's
// instances speak.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/byte_queue.h"
#include "base/result.h"
#include "wire/ssm/channel.h"
#include "wire/ssm/payloads.h"
#include "wire/ssm/stream.h"

namespace passport::wire::ssm {

/// A data key that the agent has to have decrypted.
struct KeyOffered {
  std::string ciphertext;  ///< base64
  std::string challenge;   ///< of the encryption context; empty: none
};

struct AgentConfig {
  std::string agent_version = "3.3.987.0";
  std::string session_id{};
  // What the handshake says; a hostile agent may lie.
  std::string session_type = "Port";
  std::vector<std::pair<std::string, std::string>> properties = {{"portNumber", "22"}};
  /// Asks for encryption with this key; a shell then has a handshake. The real agent encrypts
  /// no ports (sessionplugin.go isEncryptionEnabled); here it is for the owner to say.
  std::string kms_key_id{};
  bool kms_challenge = true;  ///< for the encryption context, as agents from 3.3.808.0
  /// A shell with a terminal has none by itself, as by the real agent when it does not encrypt.
  bool always_handshake = false;
  std::size_t payload_size = 1024;  ///< bytes of port data a message, as the real agent's
  ClockOrigin clock{};
  /// Between HandshakeComplete and the agent's own note of it, what arrives is acknowledged and
  /// thrown away, as the real agent does (datachannel.go PerformHandshake). Zero: no such gap.
  Duration complete_lag{};
};

/// Agent half of one data channel. Drive it as ClientChannel; in addition the owner connects
/// the port when wants_port() turns true and says so with port_connected(): until then stream
/// data is refused without acknowledgement, as by the real agent. A shell is "connected" in the
/// same way. When key_offered(), provide_key() or give up the session. Pure: no sockets, no
/// clock, no randomness. Not thread-safe.
class AgentChannel {
 public:
  enum class State { kHandshake, kOpen, kClosing, kClosed };

  AgentChannel(AgentConfig config, UuidSource uuids, Time now);

  /// Errors: kProtocol on a malformed message. The payload's digest is not checked: the real
  /// agent does not.
  Result<void> receive(const WebSocketMessage& message, Time now);

  /// The client's answer to encryption, until provide_key().
  const std::optional<KeyOffered>& key_offered() const { return key_offered_; }
  /// Errors: kMalformed when the key has the wrong size.
  Result<void> provide_key(const Secret& plaintext, Time now);

  bool wants_port() const {
    return port_ == Port::kWanted;
  }  ///< a connection to the port is due
  void port_connected(Time now);
  void port_lost();  ///< the next data wants a new connection, and is refused until then
  void port_closed(Time now);  ///< flush for at most 2 s, then kClosed

  std::size_t send(ByteView bytes, Time now);  ///< bytes from the port; 0: full or paused
  std::size_t send_errors(ByteView bytes);     ///< likewise, from a shell's standard error
  void send_exit_code(int exit_code);          ///< of a shell's command, after all it wrote
  std::size_t room() const;

  void on_timer(Time now);
  std::optional<Time> next_timeout() const;
  void resume(
      Time now);  ///< a new connection of either side: send everything unacknowledged again
  bool next_outgoing(Outgoing& out, Time now);

  ByteView readable() const {
    return readable_.view();
  }  ///< for the port; valid until the next non-const call
  void consume(std::size_t n) { readable_.consume(n); }

  /// The terminal of the client's user, when it has changed. Reading it resets it.
  std::optional<TerminalSize> take_size() { return std::exchange(size_, std::nullopt); }

  State state() const { return state_; }
  bool terminated_by_client() const { return terminated_; }  ///< TerminateSession flag came
  /// DisconnectToPort came: the owner drops its connection to the port. Reading it resets it.
  bool take_disconnect() { return std::exchange(disconnect_, false); }
  bool disconnect_due() const { return disconnect_; }
  /// What the client says it is, in its handshake.
  const std::string& client_version() const { return client_version_; }
  void send_flag(Flag flag);  ///< goes out whatever the window
  StreamCounters counters() const { return stream_.counters(); }

 private:
  Result<void> receive_data(const AgentMessage& m, Time now);
  Result<void> on_delivery(Delivery d, Time now);
  Result<void> on_handshake_response(ByteView payload, Time now);
  Result<void> on_encryption_challenge(ByteView payload, Time now);
  void complete_handshake(Time now);
  Result<void> on_size(ByteView payload, Time now);
  Result<void> on_flag(ByteView payload);
  bool discards(Time now) const;
  bool refuses(PayloadType type, Time now) const;

  AgentConfig config_;
  UuidSource uuids_;
  Stream stream_;
  State state_ = State::kHandshake;
  enum class Port { kNone, kWanted, kConnected, kClosed } port_ = Port::kNone;
  Time started_;
  bool state_frame_due_ = true;
  bool terminated_ = false;
  bool disconnect_ = false;
  std::optional<Time> discard_until_;
  std::optional<Time> close_until_;
  std::optional<TerminalSize> size_;
  std::string kms_challenge_;  ///< of the encryption context
  std::optional<KeyOffered> key_offered_;
  Bytes challenge_;  ///< that the client must give back
  ByteQueue readable_;
  std::string client_version_;
};

}  // namespace passport::wire::ssm
