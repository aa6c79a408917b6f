#include "wire/ssm/client_channel.h"

#include <algorithm>

namespace passport::wire::ssm {
namespace {

constexpr Duration kTerminateTimeout = std::chrono::seconds(2);

/// The first agent that knows the TerminateSession flag; to an older one it would be data.
constexpr std::string_view kTerminateFlagSince = "2.3.756.0";

Stream::Config stream_config(const ClientConfig& config) {
  Stream::Config c;
  c.sends = kInputStreamData;
  c.receives = kOutputStreamData;
  c.payload_size = std::clamp<std::size_t>(config.payload_size, 1, kMaxPayload);
  c.clock = config.clock;
  return c;
}

void keep_earlier(std::optional<Time>& earliest, const std::optional<Time>& t) {
  if (t && (!earliest || *t < *earliest)) earliest = t;
}

}  // namespace

ClientChannel::ClientChannel(ClientConfig config, UuidSource uuids, Time now)
    : config_(std::move(config)),
      uuids_(std::move(uuids)),
      stream_(stream_config(config_), uuids_),
      attach_until_(now + config_.attach_timeout),
      size_due_(config_.accepts != Accepts::kPort) {}

Error ClientChannel::protocol_error(std::string detail) {
  return {Errc::kProtocol, std::move(detail)};
}

Result<void> ClientChannel::receive(const WebSocketMessage& message, Time now) {
  if (state_ == State::kClosed || message.text)
    return {};  // no text is defined after the first frame
  const auto m = parse_agent_message(message.bytes);
  if (!m) {
    if (++malformed_ > kMaxMalformed) return protocol_error(m.error().detail);
    return {};
  }
  malformed_ = 0;
  if (m->message_type == kOutputStreamData) return receive_data(*m, now);
  if (m->message_type == kAcknowledge) {
    if (auto taken = stream_.receive_acknowledge(*m, now); !taken) return taken;
    if (port_proved()) port_until_.reset();
    const bool size_taken = size_sequence_ && stream_.acknowledged_up_to() > *size_sequence_;
    if (state_ == State::kAttaching && size_taken && !skip_until_) {
      skip_until_ = now + config_.handshake_grace;
      attach_until_.reset();
    }
    if (state_ == State::kClosing && stream_.idle()) state_ = State::kClosed;
  } else if (m->message_type == kPausePublication) {
    stream_.receive_pause(true, now);
  } else if (m->message_type == kStartPublication) {
    stream_.receive_pause(false, now);
  } else if (m->message_type == kChannelClosed) {
    const auto closed = parse_channel_closed(m->payload);
    close(closed ? closed->output : std::string());
  }
  // Other types (agent_session_state, and what may come) say nothing that a session needs.
  return {};
}

Result<void> ClientChannel::receive_data(const AgentMessage& m, Time now) {
  if (!stream_.receive_data(m, now)) return {};
  if (auto taken = on_delivery({m.type(), m.payload}, now); !taken) return taken;
  while (const auto stored = stream_.next_stored())
    if (auto taken = on_delivery(*stored, now); !taken) return taken;
  return {};
}

Result<void> ClientChannel::on_delivery(Delivery d, Time now) {
  // Its digest was right: the agent sent it so.
  if (!stream_.decrypt(d)) return protocol_error("the agent's data is not encrypted as agreed");
  switch (d.type) {
    case PayloadType::kHandshakeRequest:
      return on_handshake_request(d.payload, now);
    case PayloadType::kHandshakeComplete:
      return on_handshake_complete(now);
    case PayloadType::kFlag:
      return on_flag(d.payload);
    case PayloadType::kEncChallengeRequest:
      return on_encryption_challenge(d.payload);
    case PayloadType::kOutput:
      return on_stream(d);
    case PayloadType::kStdErr:
    case PayloadType::kExitCode:
      if (is_shell()) return on_stream(d);
      return {};  // no part of a port's stream
    default:
      return {};  // errors and sizes
  }
}

Result<void> ClientChannel::on_stream(const Delivery& d) {
  if (state_ == State::kAttaching && config_.accepts != Accepts::kPort)
    if (auto opened = open_without_handshake(); !opened) return opened;
  if (state_ == State::kAttaching)
    return protocol_error(
        "the agent sent stream data before the handshake: not a port session");
  if (state_ == State::kHandshake)
    return protocol_error("the agent sent stream data before the end of the handshake");
  server_spoke_ = true;
  port_until_.reset();
  release_first_bytes();
  if (d.type == PayloadType::kExitCode) {
    if (const auto code = parse_exit_code(d.payload)) exit_code_ = *code;
  } else {
    (d.type == PayloadType::kStdErr ? errors_ : readable_).append(d.payload);
    bytes_received_ += d.payload.size();
  }
  return {};
}

Result<void> ClientChannel::on_flag(ByteView payload) {
  const auto flag = parse_flag(payload);
  if (!flag) return protocol_error(flag.error().detail);
  if (*flag != Flag::kConnectToPortError) return {};
  if (!is_forward()) return Error{Errc::kUnavailable, "the agent cannot connect to the port"};
  ++refusals_;
  return {};
}

bool ClientChannel::is_forward() const {
  return std::any_of(properties_.begin(), properties_.end(), [](const auto& property) {
    return property == std::pair<std::string, std::string>("type", "LocalPortForwarding");
  });
}

void ClientChannel::disconnect_port() {
  release_first_bytes();
  if (carries_data()) stream_.push(PayloadType::kFlag, serialize_flag(Flag::kDisconnectToPort));
}

std::size_t ClientChannel::room() const {
  if (input_ended_ || state_ != State::kOpen) return 0;
  if (holding_) return kMaxPayload - std::min(kMaxPayload, first_bytes_.size());
  return stream_.room();
}

std::size_t ClientChannel::send(ByteView bytes, Time now) {
  bytes = bytes.first(std::min(bytes.size(), room()));
  if (bytes.empty()) return 0;
  bytes_sent_ += bytes.size();
  if (holding_) {
    append(first_bytes_, bytes);
    if (hold_until_ && now >= *hold_until_) release_first_bytes();
  } else {
    push_data(bytes);
  }
  if (!is_shell() && !port_proved() && !port_until_) port_until_ = now + config_.port_timeout;
  return bytes.size();
}

bool ClientChannel::port_proved() const {
  return server_spoke_ || (first_data_ && stream_.acknowledged_up_to() > *first_data_);
}

void ClientChannel::push_data(ByteView bytes) {
  if (!first_data_ && !bytes.empty()) first_data_ = stream_.next_sequence();
  stream_.push_data(bytes);
}

void ClientChannel::set_size(const TerminalSize& size) {
  if (size == config_.size) return;
  config_.size = size;
  if (is_shell()) size_due_ = true;
}

/// One at a time is under way, and one before it is known what the session is.
void ClientChannel::push_size() {
  if (!size_due_) return;
  const bool first = state_ == State::kAttaching && !size_sequence_;
  const bool later = carries_data() && is_shell() && !holding_ &&
                     (!size_sequence_ || stream_.acknowledged_up_to() > *size_sequence_);
  if (!first && !later) return;
  size_due_ = false;
  size_sequence_ = stream_.next_sequence();
  stream_.push(PayloadType::kSize, as_bytes(serialize_size(config_.size)));
}

void ClientChannel::release_first_bytes() {
  if (!holding_) return;
  holding_ = false;
  hold_until_.reset();
  push_size();
  push_data(first_bytes_);
  first_bytes_ = Bytes();
}

void ClientChannel::finish(Time) {
  input_ended_ = true;
  if (state_ == State::kOpen) state_ = State::kFinishing;
}

void ClientChannel::terminate(Time now) {
  if (state_ == State::kClosing || state_ == State::kClosed) return;
  const bool knows_flag = carries_data() && !is_shell() &&
                          compare_versions(agent_version_, kTerminateFlagSince) >= 0;
  if (!knows_flag) {
    state_ = State::kClosed;
    return;
  }
  stream_.push(PayloadType::kFlag, serialize_flag(Flag::kTerminateSession));
  state_ = State::kClosing;
  close_until_ = now + kTerminateTimeout;
}

void ClientChannel::close(std::string words) {
  service_words_ = std::move(words);
  state_ = State::kClosed;
}

std::optional<Time> ClientChannel::next_timeout() const {
  if (state_ == State::kClosed) return std::nullopt;
  auto earliest = stream_.next_timeout();
  keep_earlier(earliest, attach_until_);
  keep_earlier(earliest, port_until_);
  keep_earlier(earliest, close_until_);
  keep_earlier(earliest, skip_until_);
  if (!first_bytes_.empty() || size_due_) keep_earlier(earliest, hold_until_);
  return earliest;
}

Result<void> ClientChannel::on_timer(Time now) {
  if (state_ == State::kClosed) return {};
  if (close_until_ && now >= *close_until_) {
    state_ = State::kClosed;
    return {};
  }
  if (attach_until_ && now >= *attach_until_) {
    if (state_ == State::kAttaching)
      return Error{Errc::kTimeout, "the agent on the instance did not attach to the session"};
    return Error{Errc::kTimeout, "the agent on the instance did not finish the handshake"};
  }
  if (port_until_ && now >= *port_until_) {
    if (carries_data() && !paused()) return Error{Errc::kUnavailable, std::string(kPortSilent)};
    port_until_ = now + config_.port_timeout;  // nothing could be said to the port meanwhile
  }
  if (skip_until_ && now >= *skip_until_)
    if (auto opened = open_without_handshake(); !opened) return opened;
  if (hold_until_ && now >= *hold_until_ && (!first_bytes_.empty() || size_due_))
    release_first_bytes();
  stream_.on_timer(now);
  return {};
}

void ClientChannel::resume(Secret token, Time now) {
  config_.token = std::move(token);
  open_frame_due_ = true;
  if (attach_until_) attach_until_ = now + config_.attach_timeout;
  if (port_until_) port_until_ = now + config_.port_timeout;
  stream_.receive_pause(false, now);  // the service's word to the connection that broke
  stream_.resend_all();
}

bool ClientChannel::next_outgoing(Outgoing& out, Time now) {
  out.bytes.clear();
  out.text = open_frame_due_;
  if (open_frame_due_) {
    open_frame_due_ = false;
    OpenDataChannel open;
    open.request_id = encode_uuid(uuids_());
    open.token = config_.token;
    open.client_id = config_.client_id;
    open.client_version = config_.client_version;
    append(out.bytes, as_bytes(serialize_open_data_channel(open)));
    return true;
  }
  push_size();
  return stream_.next_outgoing(out.bytes, now);
}

const char* to_string(ClientChannel::State state) {
  switch (state) {
    case ClientChannel::State::kAttaching:
      return "attaching";
    case ClientChannel::State::kHandshake:
      return "handshake";
    case ClientChannel::State::kOpen:
      return "open";
    case ClientChannel::State::kFinishing:
      return "finishing";
    case ClientChannel::State::kClosing:
      return "closing";
    case ClientChannel::State::kClosed:
      return "closed";
  }
  return "unknown";
}

}  // namespace passport::wire::ssm
