#include "wire/ssm/agent_channel.h"

#include <algorithm>

#include "base/base64.h"

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
  const bool silent = is_shell_session(config_.session_type) &&
                      config_.session_type != kNonInteractiveCommands &&
                      !config_.always_handshake && config_.kms_key_id.empty();
  if (silent) {
    state_ = State::kOpen;
    port_ = Port::kWanted;
    return;
  }
  HandshakeRequest request;
  request.agent_version = config_.agent_version;
  request.session_type = config_.session_type;
  request.properties = config_.properties;
  request.kms_encryption = !config_.kms_key_id.empty();
  request.kms_key_id = config_.kms_key_id;
  if (request.kms_encryption && config_.kms_challenge)
    request.kms_challenge = kms_challenge_ = encode_base64(uuids_());
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
  // No digest is checked here; bytes that do not decrypt are not acknowledged and come again.
  if (Delivery sealed{m.type(), m.payload}; !stream_.decrypt(sealed)) return {};
  if (!stream_.receive_data(m, now)) return {};
  if (auto taken = on_delivery({m.type(), m.payload}, now); !taken) return taken;
  while (const auto stored = stream_.next_stored())
    if (auto taken = on_delivery(*stored, now); !taken) return taken;
  return {};
}

Result<void> AgentChannel::on_delivery(Delivery d, Time now) {
  if (auto opened = stream_.decrypt(d); !opened)
    return Error{Errc::kProtocol, opened.error().detail};
  switch (d.type) {
    case PayloadType::kHandshakeResponse:
      return on_handshake_response(d.payload, now);
    case PayloadType::kEncChallengeResponse:
      return on_encryption_challenge(d.payload, now);
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
  if (state_ != State::kHandshake || key_offered_ || stream_.encrypted())
    return Error{Errc::kProtocol, "the client answered the handshake twice"};
  const auto response = parse_handshake_response(payload);
  if (!response) return Error{Errc::kProtocol, response.error().detail};
  for (const auto& action : response->actions)
    if (action.status != ActionStatus::kSuccess)
      return Error{Errc::kProtocol,
                   "the client did not process " + action.action_type + ": " + action.error};
  client_version_ = response->client_version;
  if (config_.kms_key_id.empty()) {
    complete_handshake(now);
    return {};
  }
  for (const auto& action : response->actions) {
    if (action.action_type != kKmsEncryption || !action.kms) continue;
    key_offered_ = {action.kms->ciphertext_key,
                    action.kms->challenge_acknowledged ? kms_challenge_ : std::string()};
    return {};
  }
  return Error{Errc::kProtocol, "the client did not process KMSEncryption"};
}

Result<void> AgentChannel::provide_key(const Secret& plaintext, Time) {
  if (!key_offered_) return {};
  auto cipher = PayloadCipher::make(plaintext, PayloadCipher::End::kAgent,
                                    PayloadCipher::make_nonce(uuids_()));
  if (!cipher) return cipher.error();
  stream_.encrypt_with(std::move(*cipher));
  key_offered_.reset();
  for (int i = 0; i < 4; ++i) append(challenge_, uuids_());
  Bytes encrypted;
  stream_.cipher().encrypt(challenge_, encrypted);
  stream_.push(PayloadType::kEncChallengeRequest,
               as_bytes(serialize_encryption_challenge(encrypted)));
  return {};
}

Result<void> AgentChannel::on_encryption_challenge(ByteView payload, Time now) {
  const auto answer = parse_encryption_challenge(payload);
  if (!answer) return Error{Errc::kProtocol, answer.error().detail};
  Bytes plain;
  const bool right = state_ == State::kHandshake && stream_.encrypted() &&
                     stream_.cipher().decrypt(as_bytes(*answer), plain) && plain == challenge_;
  if (!right) return Error{Errc::kProtocol, "Encryption challenge does not match!"};
  complete_handshake(now);
  return {};
}

void AgentChannel::complete_handshake(Time now) {
  stream_.push(PayloadType::kHandshakeComplete,
               as_bytes(serialize_handshake_complete(
                   now - started_,
                   stream_.encrypted() ? "This session is encrypted using AWS KMS." : "")));
  state_ = State::kOpen;
  if (config_.complete_lag > Duration::zero()) discard_until_ = now + config_.complete_lag;
  port_ = Port::kWanted;
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
  bytes = bytes.first(std::min({bytes.size(), room(), stream_.data_size()}));
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
