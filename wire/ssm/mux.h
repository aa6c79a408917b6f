// smux v1: many streams over the bytes of one port session.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/byte_queue.h"
#include "base/result.h"
#include "wire/ssm/channel.h"

namespace passport::wire::ssm {

/// The first agent that speaks it, and the first that does without keep_alive().
inline constexpr std::string_view kMuxSince = "3.0.222.0";
inline constexpr std::string_view kNoKeepAliveSince = "3.1.1575.0";

/// One end of an smux v1 session. Drive it:
///   receive() for the bytes of the channel while takes_more(); then see to the streams of
///   take_changed(); drain next_outgoing() to the channel whenever that has room.
///
/// A frame:
///   offset size field
///        0    1 version   1
///        1    1 command   0 SYN, 1 FIN, 2 PSH, 3 NOP
///        2    2 length    of the data behind the header, little-endian; 0 unless PSH
///        4    4 stream    little-endian; the client's are odd, from 3 on
///
/// v1 has no flow control for a stream: what comes for a slow reader either waits here or holds
/// up everything behind it. It waits while another stream could be held up, up to kMaxUnread a
/// stream; beyond that a reader that still moves slows the others, and one that does not
/// (find_overflowing) has to be closed. When all streams have slow readers, nobody else is hurt
/// and nothing more is taken.
///
/// FIN ends one direction here; but who closes a stream with it (smux's Stream.Close, which the
/// agent and the plugin call at the end of either direction) drops all that still comes.
///
/// Pure: no sockets, no clock. Not thread-safe.
/// Source: github.com/xtaci/smux frame.go, session.go and stream.go, as vendored by the agent.
class Mux {
 public:
  enum class Role { kClient, kServer };
  using StreamId = std::uint32_t;

  static constexpr std::size_t kHeaderSize = 8;
  static constexpr std::size_t kMaxFrame = 16 << 10;  ///< bytes of data a frame of ours
  static constexpr std::size_t kMaxStreams = 4096;    ///< open at once
  /// Unread bytes from which on a stream's reader counts as slow.
  static constexpr std::size_t kCrowded = 256 << 10;
  /// Unread bytes of one stream and of all, each exceeded by one receive() at most.
  static constexpr std::size_t kMaxUnread = 16 << 20;
  static constexpr std::size_t kMaxUnreadTotal = 64 << 20;
  /// A reader that takes less than kLeastMove in this time does not move.
  static constexpr Duration kStallAfter = std::chrono::seconds(1);
  static constexpr std::size_t kLeastMove = 64 << 10;

  /// The first stream of the client is the one after `last_id`.
  explicit Mux(Role role, StreamId last_id = 1) : role_(role), last_id_(last_id) {}

  /// A new stream of the client's. Errors: kUnavailable when there are too many, or the ids of
  /// this session are used up.
  Result<StreamId> open();

  /// Bytes of the channel, split anywhere. Errors: kProtocol; the session is then of no use.
  Result<void> receive(ByteView bytes, Time now);

  /// False: receive() has to wait until readers have moved. Look again after a second, too.
  bool takes_more() const;
  /// A stream whose reader does not move and holds up the others: to be closed.
  std::optional<StreamId> find_overflowing(Time now) const;

  /// The streams that have new bytes, ended, or can send again.
  std::vector<StreamId> take_changed();
  /// The streams that the client opened, in that order; each is given once.
  std::vector<StreamId> take_opened() { return std::exchange(opened_, {}); }

  // All of these want a stream that is open: one that was opened and not closed.

  bool is_open(StreamId id) const { return streams_.contains(id); }
  /// The first of what is unread; empty when nothing is. Valid until the next non-const call.
  ByteView readable(StreamId id) const { return at(id).unread.front(); }
  void consume(StreamId id, std::size_t n, Time now);
  bool ended(StreamId id) const { return at(id).ended; }  ///< nothing follows what is unread
  bool heard(StreamId id) const { return at(id).heard; }  ///< it has brought bytes
  std::size_t room(StreamId id) const;                    ///< how much send() takes now
  void send(StreamId id, ByteView bytes);                 ///< at most room()
  void finish(StreamId id);  ///< FIN, behind what was given to send()
  bool sent_all(StreamId id) const { return at(id).unsent.empty(); }
  /// Forgets the stream and what is unread; the peer is told, behind what was given to send().
  void close(StreamId id);

  void keep_alive();  ///< sends a NOP
  /// Appends up to `room` bytes for the channel: a frame of each stream that has any, in turn.
  void next_outgoing(std::size_t room, Bytes& out);

  std::size_t streams() const { return streams_.size(); }
  std::size_t unread() const { return total_unread_; }

 private:
  enum class Command : std::uint8_t { kSyn = 0, kFin = 1, kPsh = 2, kNop = 3 };
  struct Stream {
    PieceQueue unread;
    ByteQueue unsent;
    bool ended = false;      ///< the peer's FIN came
    bool heard = false;      ///< bytes came
    bool finishing = false;  ///< FIN is due behind `unsent`
    bool finished = false;   ///< FIN is sent
    bool in_turns = false;
    bool in_changed = false;
    Time moved_at{};        ///< when the reader had last taken kLeastMove, or had nothing to
    std::size_t moved = 0;  ///< bytes it took since
  };

  const Stream& at(StreamId id) const { return streams_.find(id)->second; }
  Stream& at(StreamId id) { return streams_.find(id)->second; }
  Result<void> receive_header(Time now);
  void receive_data(ByteView bytes, Time now);
  void put_frame(Command command, StreamId id, ByteView data = {});
  void put_next_turn();
  void want_turn(StreamId id, Stream& stream);
  void change(StreamId id, Stream& stream);
  void count_unread(const Stream& stream, std::size_t before);
  bool hurts_others() const;
  const std::pair<const StreamId, Stream>* find_full() const;

  Role role_;
  StreamId last_id_;
  std::map<StreamId, Stream> streams_;
  std::size_t total_unread_ = 0;
  std::size_t crowded_ = 0;  ///< streams that are

  std::array<std::uint8_t, kHeaderSize> header_{};
  std::size_t header_have_ = 0;
  std::size_t data_left_ = 0;  ///< of the frame whose header was read last
  StreamId data_id_ = 0;

  ByteQueue frames_;            ///< whole frames, the first perhaps begun
  std::deque<StreamId> turns_;  ///< who has something to send, next first
  std::vector<StreamId> changed_;
  std::vector<StreamId> opened_;
};

}  // namespace passport::wire::ssm
