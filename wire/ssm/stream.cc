#include "wire/ssm/stream.h"

#include <algorithm>
#include <cassert>

namespace passport::wire::ssm {
namespace {

constexpr Duration kLeastReorderTime = std::chrono::milliseconds(10);

/// After a pause, data and acknowledgements that were already on their way may still come;
/// later ones show that the peer is active again, whether or not start_publication reached us.
constexpr Duration kPauseSettles = std::chrono::seconds(1);

}  // namespace

Sender::Sender(std::string_view message_type, std::size_t payload_size, bool syn_on_first,
               ClockOrigin clock)
    : message_type_(message_type),
      payload_size_(payload_size),
      syn_on_first_(syn_on_first),
      clock_(clock),
      window_(payload_size + kAgentMessageOverhead) {}

std::size_t Sender::room() const {
  if (paused_ || due_ > 0 || entries_.size() >= kMaxMessages) return 0;
  const auto messages = (window_.size() - std::min(window_.size(), in_flight_)) /
                        (payload_size_ + kAgentMessageOverhead);
  return std::min(messages, kMaxMessages - entries_.size()) * payload_size_;
}

void Sender::push(PayloadType type, ByteView payload, const Uuid& id) {
  assert(payload.size() <= kMaxPayload);
  entries_.push_back(
      {type, Bytes(payload.begin(), payload.end()), id, compute_digest(payload)});
  ++unacknowledged_;
  ++due_;
}

bool Sender::next(Bytes& out, Time now) {
  if (paused_ || due_ == 0) return false;
  while (next_due_ < entries_.size() && !entries_[next_due_].due) ++next_due_;
  assert(next_due_ < entries_.size());
  auto& e = entries_[next_due_];
  // One message may always be in flight: a window smaller than it must not stop the stream.
  if (in_flight_ > 0 && in_flight_ + cost(e) > window_.size()) {
    was_full_ = true;
    return false;
  }
  AgentMessage m;
  m.message_type = message_type_;
  m.created_date = clock_.unix_ms_at(now);
  m.sequence_number = front_sequence_ + static_cast<std::int64_t>(next_due_);
  m.flags = syn_on_first_ && m.sequence_number == 0 ? kFlagSyn : 0;
  m.message_id = e.id;
  m.payload_digest = e.digest;
  m.payload_type = static_cast<std::uint32_t>(e.type);
  m.payload = e.payload;
  serialize_agent_message(m, out);

  if (in_flight_ == 0) progress_at_ = now;
  e.due = false;
  --due_;
  e.sent_at = now;
  if (e.sends == 0) e.first_sent_at = now;
  ++(e.sends++ == 0 ? sent : resent);
  in_flight_ += cost(e);
  if (in_flight_ + payload_size_ + kAgentMessageOverhead > window_.size()) was_full_ = true;
  return true;
}

void Sender::acknowledge(std::int64_t sequence_number, Time now) {
  const auto index = static_cast<std::size_t>(sequence_number - front_sequence_);
  if (sequence_number < front_sequence_ || index >= entries_.size()) return;
  auto& e = entries_[index];
  if (e.acknowledged || e.sends == 0)
    return;  // the latter: an acknowledgement of what was never sent

  const auto bytes = cost(e);
  const auto rtt = measure(e, now);
  if (rtt)
    round_trip_.sample(*rtt);
  else
    round_trip_.end_back_off();
  if (e.due)
    --due_;
  else
    in_flight_ -= bytes;
  e.due = false;
  e.acknowledged = true;
  e.payload = Bytes();  // memory stays within the window however long a gap before it lasts
  --unacknowledged_;
  progress_at_ = now;
  if (rtt) newest_acknowledged_sent_at_ = std::max(newest_acknowledged_sent_at_, now - *rtt);
  window_.on_acknowledged(bytes, rtt, was_full_, now);
  if (in_flight_ + 2 * (payload_size_ + kAgentMessageOverhead) < window_.size() / 2)
    was_full_ = false;

  while (!entries_.empty() && entries_.front().acknowledged) {
    entries_.pop_front();
    ++front_sequence_;
    if (next_due_ > 0) --next_due_;
  }
  find_lost(now);
}

/// The round trip that an acknowledgement shows. Of a message sent twice, one that comes sooner
/// after the second sending than any round trip answers the first (the Eifel algorithm, RFC
/// 3522): without these, a path that varies would look as if it did not.
std::optional<Duration> Sender::measure(const Entry& e, Time now) const {
  if (e.sends == 1) return now - e.sent_at;
  const auto quickest = round_trip_.quickest();
  if (e.sends == 2 && quickest && now - e.sent_at < *quickest) return now - e.first_sent_at;
  return std::nullopt;
}

void Sender::find_lost(Time now) {
  // RACK (RFC 8985) allows a quarter of the round trip; frames that wait for different times in
  // the service's queues need as much again as round trips are seen to vary.
  const auto varies = std::max(
      round_trip_.variation() * 4 + round_trip_.smoothed().value_or(Duration::zero()) / 2,
      round_trip_.spread() * 5 / 4);
  const auto tolerance = std::max(kLeastReorderTime, varies);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    auto& e = entries_[i];
    if (e.acknowledged || e.due) continue;
    if (e.sent_at + tolerance >= newest_acknowledged_sent_at_) {
      // First sends are in order of time: whatever follows was sent later still.
      if (e.sends == 1) break;
      continue;
    }
    mark_due(e, i);
    window_.on_loss(now);
  }
}

void Sender::mark_due(Entry& e, std::size_t index) {
  e.due = true;
  ++due_;
  in_flight_ -= cost(e);
  next_due_ = std::min(next_due_, index);
}

void Sender::mark_all_due() {
  for (std::size_t i = 0; i < entries_.size(); ++i)
    if (!entries_[i].acknowledged && !entries_[i].due) mark_due(entries_[i], i);
}

void Sender::resend_all() {
  mark_all_due();
  for (auto& e : entries_)
    if (e.sends > 0) e.sends = std::max(e.sends, 2U);  // tells nothing of the new path
  round_trip_.on_new_path();
  newest_acknowledged_sent_at_ = Time{};
  round_trip_.end_back_off();
  window_.on_new_path();
}

std::int64_t Sender::acknowledged_up_to() const {
  return front_sequence_;
}

std::optional<Time> Sender::next_timeout() const {
  if (in_flight_ == 0 || paused_) return std::nullopt;
  return progress_at_ + round_trip_.timeout();
}

void Sender::on_timer(Time now) {
  const auto due = next_timeout();
  if (!due || now < *due) return;
  mark_all_due();
  round_trip_.back_off();
  window_.on_timeout();
  progress_at_ = now;
}

Receiver::Verdict Receiver::arrive(const AgentMessage& m) {
  if (m.sequence_number < expected_) return Verdict::kDuplicate;
  if (m.sequence_number == expected_) {
    ++expected_;
    return Verdict::kNext;
  }
  if (stored_.contains(m.sequence_number)) return Verdict::kDuplicate;
  if (m.sequence_number - expected_ > static_cast<std::int64_t>(kMaxStored) ||
      stored_bytes_ + m.payload.size() > kMaxStoredBytes)
    return Verdict::kRefused;
  stored_.emplace(m.sequence_number,
                  Stored{m.type(), Bytes(m.payload.begin(), m.payload.end())});
  stored_bytes_ += m.payload.size();
  return Verdict::kStored;
}

std::optional<Delivery> Receiver::next_stored() {
  if (stored_.empty() || stored_.begin()->first != expected_) return std::nullopt;
  current_ = std::move(stored_.begin()->second);
  stored_.erase(stored_.begin());
  stored_bytes_ -= current_.payload.size();
  ++expected_;
  return Delivery{current_.type, current_.payload};
}

Stream::Stream(Config config, UuidSource uuids)
    : config_(config),
      uuids_(std::move(uuids)),
      sender_(config.sends, config.payload_size, config.syn_on_first, config.clock) {}

bool Stream::receive_data(const AgentMessage& m, Time now) {
  unpause_on_life(now);
  if ((config_.check_digest && !digest_matches(m)) ||
      acknowledges_.size() >= kMaxAcknowledges) {
    ++refused_;
    return false;
  }
  const auto verdict = receiver_.arrive(m);
  if (verdict == Receiver::Verdict::kRefused) {
    ++refused_;
    return false;
  }
  acknowledges_.push_back({m.message_id, m.sequence_number});
  if (verdict == Receiver::Verdict::kDuplicate) ++duplicates_;
  if (verdict != Receiver::Verdict::kNext) return false;
  ++received_;
  return true;
}

std::optional<Delivery> Stream::next_stored() {
  auto delivery = receiver_.next_stored();
  if (delivery) ++received_;
  return delivery;
}

Result<void> Stream::receive_acknowledge(const AgentMessage& m, Time now) {
  if (config_.check_digest && !digest_matches(m)) {
    ++refused_;
    return {};
  }
  const auto acknowledge = parse_acknowledge(m.payload);
  if (!acknowledge) return Error{Errc::kProtocol, acknowledge.error().detail};
  unpause_on_life(now);
  if (acknowledge->message_type == config_.sends)
    sender_.acknowledge(acknowledge->sequence_number, now);
  return {};
}

void Stream::receive_pause(bool on, Time now) {
  sender_.pause(on, now);
  paused_at_ = on ? std::optional(now) : std::nullopt;
}

void Stream::unpause_on_life(Time now) {
  if (paused_at_ && now - *paused_at_ > kPauseSettles) receive_pause(false, now);
}

Result<void> Stream::decrypt(Delivery& delivery) {
  if (!cipher_ || !is_encrypted(delivery.type)) return {};
  auto done = cipher_->decrypt(delivery.payload, decrypted_);
  delivery.payload = decrypted_;
  return done;
}

std::size_t Stream::data_size() const {
  if (!cipher_) return config_.payload_size;
  return std::max(config_.payload_size, kEncryptionOverhead + 1) - kEncryptionOverhead;
}

std::size_t Stream::room() const {
  return sender_.room() / config_.payload_size * data_size();
}

void Stream::push(PayloadType type, ByteView payload) {
  if (cipher_ && is_encrypted(type)) {
    encrypted_.clear();
    cipher_->encrypt(payload, encrypted_);
    payload = encrypted_;
  }
  sender_.push(type, payload, uuids_());
}

void Stream::push_data(ByteView bytes) {
  while (!bytes.empty()) {
    const auto n = std::min(bytes.size(), data_size());
    push(PayloadType::kOutput, bytes.first(n));
    bytes = bytes.subspan(n);
  }
}

bool Stream::next_outgoing(Bytes& out, Time now) {
  if (acknowledges_.empty()) return sender_.next(out, now);
  const auto pending = acknowledges_.front();
  acknowledges_.pop_front();
  acknowledge_payload_.clear();
  serialize_acknowledge({config_.receives, pending.id, pending.sequence_number, true},
                        acknowledge_payload_);
  AgentMessage m;
  m.message_type = kAcknowledge;
  m.created_date = config_.clock.unix_ms_at(now);
  m.flags = kFlagSyn | kFlagFin;  // never SYN alone: Windows agents stall
  m.message_id = uuids_();
  m.payload_digest = compute_digest(acknowledge_payload_);
  m.payload = acknowledge_payload_;
  serialize_agent_message(m, out);
  return true;
}

StreamCounters Stream::counters() const {
  return {sender_.sent, sender_.resent, received_, duplicates_, refused_};
}

}  // namespace passport::wire::ssm
