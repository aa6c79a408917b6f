// The client's half of one SSM data channel that carries a port.
#pragma once
#include <optional>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "wire/ssm/channel.h"
#include "wire/ssm/stream.h"

namespace passport::wire::ssm {

struct ClientConfig {
  Secret token;           ///< TokenValue of StartSession: opens one connection
  std::string client_id;  ///< UUID text, one a process
  /// What we say we are: decides the agent's behaviour (thresholds in the agent's
  /// agent/session/plugins: smux from 1.1.70, its keepalive off above 1.2.331.0).
  std::string client_version = "1.2.764.0";
  std::size_t payload_size = kDefaultPayload;  ///< bytes of stream data a message, at most kMaxPayload
  ClockOrigin clock;
  /// The agent must have asked for the handshake within this from the start.
  Duration attach_timeout = std::chrono::seconds(30);
  /// How long the first bytes wait for the server's. The agent acknowledges and throws away what
  /// arrives between its HandshakeComplete and its own note of it; a server's byte proves that
  /// this is over.
  Duration first_bytes_hold = std::chrono::milliseconds(300);
};

/// Client half of one SSM data channel. Drive it:
///   receive() for each websocket message, send() for local bytes, on_timer() at next_timeout();
///   after any of them, drain next_outgoing() to the websocket and readable() to the reader.
/// Pure: no sockets, no clock, no randomness. Not thread-safe.
class ClientChannel {
 public:
  enum class State {
    kAttaching,  ///< token sent or about to be; the agent has not asked for the handshake
    kHandshake,  ///< answered; waiting for HandshakeComplete
    kOpen,
    kFinishing,  ///< stdin ended: what was sent drains, what comes is still delivered
    kClosing,    ///< TerminateSession flag sent, its acknowledgement awaited
    kClosed,     ///< by the service, by the agent or after kClosing
  };

  ClientChannel(ClientConfig config, UuidSource uuids, Time now);

  /// One websocket message. Errors end the session: kProtocol (a malformed or impossible
  /// message), kUnavailable (the agent wants something we cannot give), kTimeout never.
  /// A payload whose digest is wrong is dropped unacknowledged, for the agent to send again.
  Result<void> receive(ByteView message, bool text, Time now);

  /// Takes stream bytes; returns how many. 0: paused, the window is full, or not open.
  std::size_t send(ByteView bytes, Time now);
  std::size_t room() const;  ///< how many bytes send() would take now

  void finish(Time now);     ///< the local end of input: no more send(); drains
  void terminate(Time now);  ///< ask the agent to end the session; kClosed when it agreed or after 2 s

  /// Errors: kTimeout when the agent never attached or never finished its handshake.
  Result<void> on_timer(Time now);
  std::optional<Time> next_timeout() const;

  /// Everything unacknowledged goes out again at once, on a new connection opened with `token`.
  void resume(Secret token, Time now);

  /// Fills `out` with the next websocket message to send; false when there is none.
  bool next_outgoing(Outgoing& out, Time now);

  /// Stream bytes for the local reader; valid until the next non-const call.
  ByteView readable() const;
  void consume(std::size_t n);

  State state() const { return state_; }
  bool drained() const;  ///< all that was sent is acknowledged
  bool paused() const;   ///< the service asked for a pause
  /// Why the service says it ended (channel_closed's Output): its words, not escaped. May be empty.
  const std::string& service_words() const { return service_words_; }
  const std::string& agent_version() const { return agent_version_; }
  const StreamCounters& counters() const { return stream_.counters(); }

 private:
  Result<void> on_stream_message(const AgentMessage& m, Time now);
  Result<void> on_delivery(const Delivery& d, Time now);
  Result<void> on_handshake_request(ByteView payload, Time now);
  void release_first_bytes(Time now);

  ClientConfig config_;
  UuidSource uuids_;
  Stream stream_;
  State state_ = State::kAttaching;
  bool open_frame_due_ = true;
  bool finishing_ = false;
  Bytes first_bytes_;               ///< held until released
  bool holding_ = true;
  std::optional<Time> hold_until_;
  std::optional<Time> attach_until_;
  std::optional<Time> close_until_;
  Bytes readable_;
  std::size_t consumed_ = 0;
  std::string service_words_;
  std::string agent_version_;
};

const char* to_string(ClientChannel::State state);

}  // namespace passport::wire::ssm
