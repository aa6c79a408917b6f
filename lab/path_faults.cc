#include "lab/path_faults.h"

#include "wire/ssm/agent_message.h"

namespace passport::lab {
namespace {

/// Whether its receiver, or SSH above it, can tell that a bit has changed: a client checks the
/// digest of everything, an agent checks none, so towards it only the port's bytes change.
bool is_corruptible(ByteView bytes) {
  const auto m = wire::ssm::parse_agent_message(bytes);
  if (!m || m->payload.empty()) return false;
  return m->message_type == wire::ssm::kOutputStreamData ||
         (m->message_type == wire::ssm::kInputStreamData &&
          m->type() == wire::ssm::PayloadType::kOutput);
}

}  // namespace

bool PathFaults::any() const {
  return drop > 0 || duplicate > 0 || corrupt > 0 || delay_max.count() > 0 ||
         (reorder > 0 && reorder != kAnyOrder);
}

void FaultyPath::push(const PathFaults& faults, wire::WebSocketMessage message, Time now) {
  if (message.text) {
    const PathFaults in_order{
        .delay_min = faults.delay_min, .delay_max = faults.delay_max, .reorder = 0};
    return hold(in_order, std::move(message), now);
  }
  if (chance() < faults.drop) return;
  if (chance() < faults.duplicate) hold(faults, message, now);
  hold(faults, std::move(message), now);
}

void FaultyPath::hold(const PathFaults& faults, wire::WebSocketMessage message, Time now) {
  if (faults.corrupt > 0 && chance() < faults.corrupt && is_corruptible(message.bytes))
    flip_bit(message.bytes);
  auto longest = faults.delay_max;
  const bool bounded = faults.reorder > 0 && faults.reorder != PathFaults::kAnyOrder;
  if (bounded && longest <= faults.delay_min) longest = faults.delay_min + kReorderSpread;
  const auto delay = faults.delay_min + (longest - faults.delay_min) * chance();
  const auto due = now + std::chrono::duration_cast<Time::duration>(delay);
  bytes_ += message.bytes.size();
  by_due_.emplace(due, next_order_);
  held_.emplace_hint(held_.end(), next_order_++, Held{due, faults.reorder, std::move(message)});
}

void FaultyPath::flip_bit(Bytes& bytes) {
  const auto size = bytes.size() - wire::ssm::kAgentMessageOverhead;
  bytes[wire::ssm::kAgentMessageOverhead + random_() % size] ^=
      static_cast<std::uint8_t>(1U << random_() % 8);
}

FaultyPath::Order FaultyPath::find_next() const {
  const auto& [oldest, first] = *held_.begin();
  const auto earliest = by_due_.begin()->second;
  if (earliest - oldest <= first.reorder) return earliest;
  auto next = held_.begin();
  for (auto it = next; it != held_.end() && it->first - oldest <= first.reorder; ++it) {
    if (it->second.due < next->second.due) next = it;
  }
  return next->first;
}

bool FaultyPath::pop(wire::WebSocketMessage& out, Time now) {
  if (held_.empty()) return false;
  const auto it = held_.find(find_next());
  if (it->second.due > now) return false;
  out = std::move(it->second.message);
  bytes_ -= out.bytes.size();
  by_due_.erase({it->second.due, it->first});
  held_.erase(it);
  return true;
}

std::optional<FaultyPath::Time> FaultyPath::next_due() const {
  if (held_.empty()) return std::nullopt;
  return held_.at(find_next()).due;
}

void FaultyPath::clear() {
  held_.clear();
  by_due_.clear();
  bytes_ = 0;
}

}  // namespace passport::lab
