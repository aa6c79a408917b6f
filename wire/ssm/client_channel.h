// The client's half of one SSM data channel that carries a port or a shell.
#pragma once
#include <optional>
#include <string>
#include <utility>

#include "base/byte_queue.h"
#include "base/result.h"
#include "base/secret.h"
#include "wire/ssm/channel.h"
#include "wire/ssm/payloads.h"
#include "wire/ssm/stream.h"

namespace passport::wire::ssm {

/// What can be said of a port that neither took nor gave a byte.
inline constexpr std::string_view kPortSilent =
    "the port on the instance is closed or does not answer";

/// What the agent may make of the session; anything else is refused.
enum class Accepts { kPort, kShell, kAny };

/// For a shell when there is no terminal here: wide, so that lines are not wrapped.
inline constexpr TerminalSize kNoTerminal{300, 100};

struct ClientConfig {
  Secret token{};           ///< TokenValue of StartSession: opens one connection
  std::string client_id{};  ///< UUID text, one a process
  /// What we say we are: decides the agent's behaviour (thresholds in the agent's
  /// agent/session/plugins: smux from 1.1.70, its keepalive off above 1.2.331.0).
  std::string client_version = "1.2.764.0";
  std::size_t payload_size =
      kDefaultPayload;  ///< bytes of stream data a message, at most kMaxPayload
  ClockOrigin clock{};
  Accepts accepts = Accepts::kPort;
  TerminalSize size = kNoTerminal;  ///< of a shell, until set_size()
  /// The KMS key that must encrypt the session, as is_same_key() compares it. Empty: the agent
  /// decides whether and with which.
  std::string expected_kms_key{};
  /// The agent must have asked for the handshake within this from the start.
  Duration attach_timeout = std::chrono::seconds(30);
  /// How long the first bytes wait for the server's. The agent acknowledges and throws away
  /// what arrives between its HandshakeComplete and its own note of it; a server's byte proves
  /// that this is over.
  Duration first_bytes_hold = std::chrono::milliseconds(300);
  /// How long the first data may stay unacknowledged, with nothing from the server: the agent
  /// refuses data for ever when it cannot connect to the port, and does not say so.
  Duration port_timeout = std::chrono::seconds(10);
  /// An agent asks for no handshake before most shells. When it takes a message, and then does
  /// not ask within this, that is such a shell which has nothing to say yet.
  Duration handshake_grace = std::chrono::seconds(2);
};

/// What the agent wants the session encrypted with.
struct KeyWanted {
  std::string key_id;     ///< as the agent names it
  std::string challenge;  ///< for the encryption context; empty: none
};

/// Client half of one SSM data channel. Drive it:
///   receive() for each websocket message, send() for local bytes, on_timer() at
///   next_timeout(); after any of them, drain next_outgoing() to the websocket and readable()
///   to the reader. A shell may also write to readable_errors(), and end with exit_code().
///   When key_wanted(), provide_key() or give up the session: the handshake waits for it.
/// Pure: no sockets, no clock, no randomness. Not thread-safe.
class ClientChannel {
 public:
  static constexpr unsigned kMaxMalformed = 16;  ///< messages in a row that are dropped

  enum class State {
    kAttaching,  ///< token sent or about to be; the agent has not asked for the handshake
    kHandshake,  ///< answered; waiting for HandshakeComplete
    kOpen,
    kFinishing,  ///< input ended: what was sent drains, what comes is still delivered
    kClosing,    ///< TerminateSession flag sent, its acknowledgement awaited
    kClosed,     ///< by the service, by the agent or after kClosing
  };

  ClientChannel(ClientConfig config, UuidSource uuids, Time now);

  /// One websocket message. Errors end the session: kProtocol (an impossible message, or
  /// malformed ones only), kUnavailable (the agent wants or is something that we cannot serve).
  /// A malformed message, or one whose digest is wrong, is dropped unacknowledged, for the
  /// agent to send again.
  Result<void> receive(const WebSocketMessage& message, Time now);

  /// Takes stream bytes; returns how many. 0: paused, the window is full, or not open.
  std::size_t send(ByteView bytes, Time now);
  std::size_t room() const;                 ///< how many bytes send() would take now
  void set_size(const TerminalSize& size);  ///< the local terminal's, for a shell
  /// Behind what was sent: the agent drops its connection to the port, and makes another one
  /// when data comes. For forwards without smux.
  void disconnect_port();

  /// Encryption that the agent asked for, until provide_key(). The agent waits 15 s.
  const std::optional<KeyWanted>& key_wanted() const { return key_wanted_; }
  /// Errors: kMalformed when the key has the wrong size.
  Result<void> provide_key(const DataKey& key, Time now);

  void finish(Time now);  ///< the local end of input: no more send(); what was taken drains
  void terminate(
      Time now);  ///< ask the agent to end the session; kClosed when it agreed or after 2 s

  /// Errors: kTimeout when the agent never attached or never finished its handshake;
  /// kUnavailable when the port on the instance never took a byte.
  Result<void> on_timer(Time now);
  std::optional<Time> next_timeout() const;

  /// Everything unacknowledged goes out again at once, on a new connection opened with `token`;
  /// what waits for the agent has its time again.
  void resume(Secret token, Time now);

  /// Fills `out` with the next websocket message to send; false when there is none.
  bool next_outgoing(Outgoing& out, Time now);

  /// Stream bytes for the local reader; valid until the next non-const call. The owner stops
  /// calling receive() while they are more than it wants to hold.
  ByteView readable() const { return readable_.view(); }
  void consume(std::size_t n) { readable_.consume(n); }
  void take_readable(Bytes& into) { readable_.take(into); }
  /// A shell's standard error, where its agent keeps the two apart.
  void take_readable_errors(Bytes& into) { errors_.take(into); }
  /// Bytes of both that wait for the local reader.
  std::size_t waiting() const { return readable_.size() + errors_.size(); }

  State state() const { return state_; }
  bool drained() const {
    return first_bytes_.empty() && stream_.idle();
  }  ///< all sent is acknowledged
  /// The port took or gave a byte, so there is one.
  bool port_proved() const;
  bool input_ended() const { return input_ended_; }  ///< finish() was called
  bool paused() const { return stream_.paused(); }   ///< the service asked for a pause
  /// The channel closed while messages were missing: readable() ended early.
  bool truncated() const { return state_ == State::kClosed && stream_.has_gap(); }
  /// Why the service says it ended (channel_closed's Output): its words, not escaped. May be
  /// empty.
  const std::string& service_words() const { return service_words_; }
  const std::string& agent_version() const { return agent_version_; }
  /// What the session is, once it is open. An agent that asks for no handshake does not say,
  /// and kStandardStream stands for it.
  const std::string& session_type() const { return session_type_; }
  /// Its bytes travel encrypted with a data key of KMS.
  bool encrypted() const { return stream_.encrypted(); }
  bool is_shell() const { return is_shell_session(session_type_); }
  /// Of the session document: portNumber, type, ...
  const std::vector<std::pair<std::string, std::string>>& properties() const {
    return properties_;
  }
  /// Many connections may follow each other, or share the session over smux.
  bool is_forward() const;
  /// How often the agent could not connect a forward to its port since the last call.
  unsigned take_refusals() { return std::exchange(refusals_, 0U); }
  /// Of the command, where its agent tells (NonInteractiveCommands with separateOutputStream).
  std::optional<int> exit_code() const { return exit_code_; }
  StreamCounters counters() const { return stream_.counters(); }
  /// Stream bytes that send() took, and that were delivered here in order.
  std::uint64_t bytes_sent() const { return bytes_sent_; }
  std::uint64_t bytes_received() const { return bytes_received_; }

 private:
  static Error protocol_error(std::string detail);
  Result<void> receive_data(const AgentMessage& m, Time now);
  Result<void> on_delivery(Delivery d, Time now);
  Result<void> on_stream(const Delivery& d);
  Result<void> on_handshake_request(ByteView payload, Time now);
  Result<void> on_encryption_challenge(ByteView payload);
  Result<void> on_handshake_complete(Time now);
  Result<void> on_flag(ByteView payload);
  Result<void> check_session_type() const;
  Result<void> check_encryption(const HandshakeRequest& request) const;
  void answer_handshake(Time now);
  Result<void> open_without_handshake();
  void push_data(ByteView bytes);
  void push_size();
  void close(std::string words);
  void release_first_bytes();
  bool carries_data() const { return state_ == State::kOpen || state_ == State::kFinishing; }

  ClientConfig config_;
  UuidSource uuids_;
  Stream stream_;
  State state_ = State::kAttaching;
  bool open_frame_due_ = true;
  bool input_ended_ = false;
  unsigned malformed_ = 0;  ///< in a row
  Bytes first_bytes_;       ///< held until the server spoke or hold_until_
  bool holding_ = true;
  std::optional<Time> hold_until_;    ///< set when the handshake is complete
  std::optional<Time> attach_until_;  ///< the handshake must be complete by then
  std::optional<Time> port_until_;    ///< the port must have taken or given a byte by then
  std::optional<Time> close_until_;
  std::optional<Time> skip_until_;  ///< the handshake is taken for skipped then
  bool server_spoke_ = false;
  std::optional<std::int64_t> first_data_;     ///< sequence number of the first stream bytes
  bool size_due_ = false;                      ///< of the terminal, to a shell
  std::optional<std::int64_t> size_sequence_;  ///< of the last one sent
  std::optional<int> exit_code_;
  HandshakeResponse response_;  ///< to the handshake, while it is made
  std::optional<KeyWanted> key_wanted_;
  bool challenged_ = false;  ///< the agent has shown that it holds the key
  unsigned refusals_ = 0;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t bytes_received_ = 0;
  ByteQueue readable_;
  ByteQueue errors_;
  std::string session_type_;
  std::vector<std::pair<std::string, std::string>> properties_;
  std::string service_words_;
  std::string agent_version_;
};

const char* to_string(ClientChannel::State state);

}  // namespace passport::wire::ssm
