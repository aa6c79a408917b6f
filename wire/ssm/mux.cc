#include "wire/ssm/mux.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

namespace passport::wire::ssm {
namespace {

constexpr std::uint8_t kVersion = 1;
/// Ends and openings that wait for room in the channel; above it open() refuses.
constexpr std::size_t kMaxWaiting = 256 << 10;

Error protocol_error(std::string detail) {
  return {Errc::kProtocol, "smux: " + std::move(detail)};
}

}  // namespace

Result<Mux::StreamId> Mux::open() {
  if (streams_.size() >= kMaxStreams)
    return Error{Errc::kUnavailable, fmt::format("{} streams are open already", kMaxStreams)};
  if (frames_.size() >= kMaxWaiting)
    return Error{Errc::kUnavailable, "the channel takes no more streams for now"};
  if (last_id_ > std::numeric_limits<StreamId>::max() - 2)
    return Error{Errc::kUnavailable, "the stream ids of this session are used up"};
  last_id_ += 2;
  streams_.try_emplace(last_id_);
  put_frame(Command::kSyn, last_id_);
  return last_id_;
}

Result<void> Mux::receive(ByteView bytes, Time now) {
  while (!bytes.empty()) {
    if (data_left_ > 0) {
      const auto n = std::min(data_left_, bytes.size());
      receive_data(bytes.first(n), now);
      data_left_ -= n;
      bytes = bytes.subspan(n);
      continue;
    }
    const auto n = std::min(kHeaderSize - header_have_, bytes.size());
    std::copy_n(bytes.begin(), n, header_.begin() + static_cast<std::ptrdiff_t>(header_have_));
    header_have_ += n;
    bytes = bytes.subspan(n);
    if (header_have_ < kHeaderSize) break;
    header_have_ = 0;
    if (auto read = receive_header(now); !read) return read;
  }
  return {};
}

Result<void> Mux::receive_header(Time now) {
  const auto length = static_cast<std::size_t>(header_[2] | header_[3] << 8);
  StreamId id = 0;
  for (std::size_t i = 8; i-- > 4;) id = id << 8 | header_[i];
  if (header_[0] != kVersion)
    return protocol_error(fmt::format("a frame of version {}", header_[0]));
  if (header_[1] > static_cast<std::uint8_t>(Command::kNop))
    return protocol_error(fmt::format("a frame with command {}", header_[1]));
  const auto command = static_cast<Command>(header_[1]);
  if (length > 0 && command != Command::kPsh)
    return protocol_error(fmt::format("{} bytes behind command {}", length, header_[1]));
  const auto it = streams_.find(id);
  if (command == Command::kPsh) {
    data_left_ = length;
    data_id_ = id;
  } else if (command == Command::kFin && it != streams_.end()) {
    it->second.ended = true;
    change(id, it->second);
  } else if (command == Command::kSyn && it == streams_.end()) {
    if (role_ == Role::kClient) return protocol_error("the agent opened a stream");
    if (streams_.size() >= kMaxStreams || frames_.size() >= kMaxWaiting)
      return protocol_error("too many streams");
    streams_[id].moved_at = now;
    opened_.push_back(id);
  }
  return {};
}

void Mux::receive_data(ByteView bytes, Time now) {
  const auto it = streams_.find(data_id_);
  if (it == streams_.end() || it->second.ended) return;  // closed: nobody wants it
  auto& stream = it->second;
  const auto before = stream.unread.size();
  if (before == 0) {
    stream.moved_at = now;
    stream.moved = 0;
  }
  stream.heard = true;
  stream.unread.append(bytes);
  count_unread(stream, before);
  change(data_id_, stream);
}

void Mux::count_unread(const Stream& stream, std::size_t before) {
  const auto after = stream.unread.size();
  total_unread_ = total_unread_ - before + after;
  if (before < kCrowded && after >= kCrowded) ++crowded_;
  if (before >= kCrowded && after < kCrowded) --crowded_;
}

/// True when to wait for slow readers would hold up a stream that has none.
bool Mux::hurts_others() const {
  return std::any_of(streams_.begin(), streams_.end(), [](const auto& entry) {
    return !entry.second.ended && entry.second.unread.size() < kCrowded;
  });
}

const std::pair<const Mux::StreamId, Mux::Stream>* Mux::find_full() const {
  const auto fullest =
      std::max_element(streams_.begin(), streams_.end(), [](const auto& a, const auto& b) {
        return a.second.unread.size() < b.second.unread.size();
      });
  if (fullest == streams_.end()) return nullptr;
  const bool full =
      fullest->second.unread.size() >= kMaxUnread || total_unread_ >= kMaxUnreadTotal;
  return full ? &*fullest : nullptr;
}

bool Mux::takes_more() const {
  if (crowded_ == 0 && total_unread_ < kMaxUnreadTotal) return true;
  return hurts_others() && find_full() == nullptr;
}

std::optional<Mux::StreamId> Mux::find_overflowing(Time now) const {
  if (takes_more() || !hurts_others()) return std::nullopt;
  const auto* full = find_full();
  if (now - full->second.moved_at < kStallAfter) return std::nullopt;
  return full->first;
}

std::vector<Mux::StreamId> Mux::take_changed() {
  for (const auto id : changed_)
    if (const auto it = streams_.find(id); it != streams_.end()) it->second.in_changed = false;
  return std::exchange(changed_, {});
}

void Mux::change(StreamId id, Stream& stream) {
  if (!std::exchange(stream.in_changed, true)) changed_.push_back(id);
}

void Mux::consume(StreamId id, std::size_t n, Time now) {
  auto& stream = at(id);
  const auto before = stream.unread.size();
  stream.unread.consume(n);
  count_unread(stream, before);
  stream.moved += n;
  if (stream.moved < kLeastMove && !stream.unread.empty()) return;
  stream.moved = 0;
  stream.moved_at = now;
}

std::size_t Mux::room(StreamId id) const {
  const auto& stream = at(id);
  return stream.finishing ? 0 : kMaxFrame - stream.unsent.size();
}

void Mux::send(StreamId id, ByteView bytes) {
  if (bytes.empty()) return;
  auto& stream = at(id);
  stream.unsent.append(bytes);
  want_turn(id, stream);
}

void Mux::finish(StreamId id) {
  auto& stream = at(id);
  stream.finishing = true;
  want_turn(id, stream);
}

void Mux::close(StreamId id) {
  auto& stream = at(id);
  count_unread(Stream{}, stream.unread.size());
  if (!stream.unsent.empty()) put_frame(Command::kPsh, id, stream.unsent.view());
  if (!stream.finished) put_frame(Command::kFin, id);
  streams_.erase(id);
}

void Mux::keep_alive() {
  put_frame(Command::kNop, 0);
}

void Mux::want_turn(StreamId id, Stream& stream) {
  if (!std::exchange(stream.in_turns, true)) turns_.push_back(id);
}

void Mux::put_frame(Command command, StreamId id, ByteView data) {
  std::array<std::uint8_t, kHeaderSize> header = {kVersion, static_cast<std::uint8_t>(command),
                                                  static_cast<std::uint8_t>(data.size()),
                                                  static_cast<std::uint8_t>(data.size() >> 8)};
  for (std::size_t i = 4; i < kHeaderSize; ++i, id >>= 8)
    header[i] = static_cast<std::uint8_t>(id);
  frames_.append(header);
  frames_.append(data);
}

void Mux::put_next_turn() {
  const auto id = turns_.front();
  turns_.pop_front();
  const auto it = streams_.find(id);
  if (it == streams_.end()) return;  // closed meanwhile
  auto& stream = it->second;
  stream.in_turns = false;
  if (!stream.unsent.empty()) {
    put_frame(Command::kPsh, id, stream.unsent.view());
    stream.unsent.consume(stream.unsent.size());
    change(id, stream);
  }
  if (stream.finishing && !std::exchange(stream.finished, true)) put_frame(Command::kFin, id);
}

void Mux::next_outgoing(std::size_t room, Bytes& out) {
  while (room > 0) {
    if (frames_.empty()) {
      if (turns_.empty()) return;
      put_next_turn();
      continue;
    }
    const auto n = std::min(room, frames_.size());
    append(out, frames_.view().first(n));
    frames_.consume(n);
    room -= n;
  }
}

}  // namespace passport::wire::ssm
