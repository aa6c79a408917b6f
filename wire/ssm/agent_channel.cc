#include "wire/ssm/agent_channel.h"

#include <algorithm>

namespace passport::wire::ssm {
namespace {

/// As long as the real agent waits for its buffer to empty (sessionplugin.go
/// PrepareToCloseChannel).
constexpr Duration kFlushTimeout = std::chrono::seconds(2);

Stream::Config stream_config(const AgentConfig& config) {
  Stream::Config c;
  c.sends = kOutputStreamData;
  c.receives = kInputStreamData;
  c.payload_size = std::clamp<std::size_t>(config.payload_size, 1, kMaxPayload);
  c.check_digest = false;
  c.syn_on_first = true;
  c.clock = config.clock;
  return c;
}

}  // namespace

AgentChannel::AgentChannel(AgentConfig config, UuidSource uuids, Time now)
    : config_(std::move(config)),
      uuids_(std::move(uuids)),
      stream_(stream_config(config_), uuids_),
      started_(now) {
  if (is_shell_session(config_.session_type) &&
      config_.session_type != kNonInteractiveCommands && !config_.always_handshake) {
    state_ = State::kOpen;
    port_ = Port::kWanted;
    return;
  }
  HandshakeRequest request;
  request.agent_version = config_.agent_version;
  request.session_type = config_.session_type;
  request.properties = config_.properties;
  stream_.push(PayloadType::kHandshakeRequest, as_bytes(serialize_handshake_request(request)));
}

Result<void> AgentChannel::receive(const WebSocketMessage& message, Time now) {
  if (state_ == State::kClosed || message.text) return {};
  const auto m = parse_agent_message(message.bytes);
  if (!m) return Error{Errc::kProtocol, m.error().detail};
  if (m->message_type == kInputStreamData) return receive_data(*m, now);
  if (m->message_type == kAcknowledge) {
    if (auto taken = stream_.receive_acknowledge(*m, now); !taken) return taken;
    if (state_ == State::kClosing && stream_.idle()) state_ = State::kClosed;
  } else if (m->message_type == kPausePublication) {
    stream_.receive_pause(true, now);
  } else if (m->message_type == kStartPublication) {
    stream_.receive_pause(false, now);
  }
  return {};
}

/// What arrives is acknowledged and thrown away.
bool AgentChannel::discards(Time now) const {
  return state_ == State::kHandshake || (discard_until_ && now < *discard_until_);
}

/// Not acknowledged: the client sends it again.
bool AgentChannel::refuses(PayloadType type, Time now) const {
  const bool waits = type == PayloadType::kOutput ||
                     (type == PayloadType::kSize && is_shell_session(config_.session_type));
  return waits && !discards(now) && port_ != Port::kConnected;
}

Result<void> AgentChannel::receive_data(const AgentMessage& m, Time now) {
  if (refuses(m.type(), now)) {
    if (port_ == Port::kNone) port_ = Port::kWanted;
    return {};
  }
  if (!stream_.receive_data(m, now)) return {};
  if (auto taken = on_delivery({m.type(), m.payload}, now); !taken) return taken;
  while (const auto stored = stream_.next_stored())
    if (auto taken = on_delivery(*stored, now); !taken) return taken;
  return {};
}

Result<void> AgentChannel::on_delivery(const Delivery& d, Time now) {
  switch (d.type) {
    case PayloadType::kHandshakeResponse:
      return on_handshake_response(d.payload, now);
    case PayloadType::kFlag:
      return on_flag(d.payload);
    case PayloadType::kOutput:
      if (!discards(now)) readable_.append(d.payload);
      return {};
    case PayloadType::kSize:
      return on_size(d.payload, now);
    default:
      return {};
  }
}

Result<void> AgentChannel::on_size(ByteView payload, Time now) {
  const auto size = parse_size(payload);
  if (!size) return Error{Errc::kProtocol, size.error().detail};
  if (!discards(now)) size_ = *size;
  return {};
}

Result<void> AgentChannel::on_handshake_response(ByteView payload, Time now) {
  if (state_ != State::kHandshake)
    return Error{Errc::kProtocol, "the client answered the handshake twice"};
  const auto response = parse_handshake_response(payload);
  if (!response) return Error{Errc::kProtocol, response.error().detail};
  for (const auto& action : response->actions)
    if (action.status != ActionStatus::kSuccess)
      return Error{Errc::kProtocol,
                   "the client did not process " + action.action_type + ": " + action.error};
  client_version_ = response->client_version;
  stream_.push(PayloadType::kHandshakeComplete,
               as_bytes(serialize_handshake_complete(now - started_, "")));
  state_ = State::kOpen;
  if (config_.complete_lag > Duration::zero()) discard_until_ = now + config_.complete_lag;
  port_ = Port::kWanted;
  return {};
}

Result<void> AgentChannel::on_flag(ByteView payload) {
  if (is_shell_session(config_.session_type)) return {};  // the real agent knows none there
  const auto flag = parse_flag(payload);
  if (!flag) return Error{Errc::kProtocol, flag.error().detail};
  if (*flag == Flag::kTerminateSession) {
    terminated_ = true;
    state_ = State::kClosing;
    close_until_ = Time{};  // as soon as the acknowledgement is out
  } else if (*flag == Flag::kDisconnectToPort) {
    port_ = Port::kNone;
    disconnect_ = true;
  }
  return {};
}

void AgentChannel::send_flag(Flag flag) {
  if (state_ == State::kOpen) stream_.push(PayloadType::kFlag, serialize_flag(flag));
}

void AgentChannel::port_connected(Time) {
  if (port_ == Port::kWanted) port_ = Port::kConnected;
}

void AgentChannel::port_lost() {
  if (port_ == Port::kConnected) port_ = Port::kNone;
}

void AgentChannel::port_closed(Time now) {
  port_ = Port::kClosed;
  if (state_ == State::kClosed) return;
  state_ = stream_.idle() ? State::kClosed : State::kClosing;
  close_until_ = now + kFlushTimeout;
}

std::size_t AgentChannel::room() const {
  return state_ == State::kOpen && port_ == Port::kConnected ? stream_.room() : 0;
}

std::size_t AgentChannel::send(ByteView bytes, Time) {
  bytes = bytes.first(std::min(bytes.size(), room()));
  stream_.push_data(bytes);
  return bytes.size();
}

std::size_t AgentChannel::send_errors(ByteView bytes) {
  bytes = bytes.first(std::min({bytes.size(), room(), config_.payload_size}));
  if (!bytes.empty()) stream_.push(PayloadType::kStdErr, bytes);
  return bytes.size();
}

void AgentChannel::send_exit_code(int exit_code) {
  stream_.push(PayloadType::kExitCode, as_bytes(serialize_exit_code(exit_code)));
}

void AgentChannel::on_timer(Time now) {
  if (close_until_ && now >= *close_until_) state_ = State::kClosed;
  if (state_ != State::kClosed) stream_.on_timer(now);
}

std::optional<Time> AgentChannel::next_timeout() const {
  if (state_ == State::kClosed) return std::nullopt;
  const auto stream = stream_.next_timeout();
  if (stream && close_until_) return std::min(*stream, *close_until_);
  return stream ? stream : close_until_;
}

void AgentChannel::resume(Time) {
  stream_.resend_all();
}

bool AgentChannel::next_outgoing(Outgoing& out, Time now) {
  out.text = false;
  out.bytes.clear();
  if (!state_frame_due_) return stream_.next_outgoing(out.bytes, now);
  state_frame_due_ = false;
  const auto payload = serialize_agent_session_state(config_.session_id, "Connected");
  AgentMessage m;
  m.message_type = kAgentSessionState;
  m.created_date = config_.clock.unix_ms_at(now);
  m.flags = kFlagSyn | kFlagFin;
  m.message_id = uuids_();
  m.payload_digest = compute_digest(as_bytes(payload));
  m.payload = as_bytes(payload);
  serialize_agent_message(m, out.bytes);
  return true;
}

}  // namespace passport::wire::ssm
