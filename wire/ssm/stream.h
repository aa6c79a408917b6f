// The reliable, ordered stream of messages that both halves of a data channel run over frames
// that may be lost, doubled, reordered or held up.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "base/result.h"
#include "wire/ssm/agent_message.h"
#include "wire/ssm/channel.h"
#include "wire/ssm/encryption.h"
#include "wire/ssm/payloads.h"
#include "wire/ssm/window.h"

namespace passport::wire::ssm {

inline constexpr std::size_t kDefaultPayload = 1536;  ///< bytes; known to pass the real service
inline constexpr std::size_t kMaxPayload = 65536;     ///< bytes

struct StreamCounters {
  std::uint64_t sent = 0;        ///< stream messages sent for the first time
  std::uint64_t resent = 0;      ///< sent again
  std::uint64_t received = 0;    ///< handed on, in order
  std::uint64_t duplicates = 0;  ///< had been received before; acknowledged again
  std::uint64_t refused = 0;  ///< not acknowledged: wrong digest, or beyond the reorder bounds
};

/// A message in its place in the order.
struct Delivery {
  PayloadType type;
  ByteView payload;  ///< valid until the next call
};

/// What goes out, under a window: each message is kept until it is acknowledged. A message is
/// taken for lost, and sent again, when one sent later was acknowledged and more time has gone
/// by than the round trip varies; when nothing at all is acknowledged within the retransmission
/// timeout all are, in order, as the window opens again. Memory: at most the window.
class Sender {
 public:
  static constexpr std::size_t kMaxMessages =
      8192;  ///< unacknowledged; the plugin's peer keeps 10,000

  Sender(std::string_view message_type, std::size_t payload_size, bool syn_on_first,
         ClockOrigin clock);

  /// Payload bytes that push() may be given now; 0 while the window is full or paused.
  std::size_t room() const;
  /// Takes one message, at most kMaxPayload bytes. Control messages may go beyond the window.
  void push(PayloadType type, ByteView payload, const Uuid& id);

  /// Appends the next message that is due; false when there is none or the window is full.
  bool next(Bytes& out, Time now);
  void acknowledge(std::int64_t sequence_number, Time now);

  /// What is under way when a pause ends has its time again.
  void pause(bool on, Time now) {
    if (paused_ && !on) progress_at_ = now;
    paused_ = on;
  }
  bool paused() const { return paused_; }
  void resend_all();  ///< after a new connection: everything unacknowledged is due at once

  bool idle() const { return unacknowledged_ == 0; }
  std::int64_t acknowledged_up_to() const;  ///< every sequence number below it is acknowledged
  std::int64_t next_sequence() const {
    return front_sequence_ + static_cast<std::int64_t>(entries_.size());
  }  ///< of what push() takes next
  std::optional<Time> next_timeout() const;
  void on_timer(Time now);
  const RoundTrip& round_trip() const { return round_trip_; }
  std::size_t window() const { return window_.size(); }

  std::uint64_t sent = 0;
  std::uint64_t resent = 0;

 private:
  struct Entry {
    PayloadType type;
    Bytes payload;
    Uuid id;
    Digest digest;
    Time first_sent_at{};
    Time sent_at{};
    unsigned sends = 0;
    bool due = true;  ///< not in flight: never sent, or taken for lost
    bool acknowledged = false;
  };
  std::size_t cost(const Entry& e) const { return e.payload.size() + kAgentMessageOverhead; }
  std::optional<Duration> measure(const Entry& e, Time now) const;
  void find_lost(Time now);
  void mark_due(Entry& e, std::size_t index);
  void mark_all_due();

  std::string_view message_type_;
  std::size_t payload_size_;
  bool syn_on_first_;
  ClockOrigin clock_;
  std::deque<Entry> entries_;  ///< the front is the oldest one unacknowledged
  std::int64_t front_sequence_ = 0;
  std::size_t next_due_ = 0;  ///< no entry before this index is due
  std::size_t due_ = 0;       ///< entries that are due
  std::size_t unacknowledged_ = 0;
  std::size_t in_flight_ = 0;  ///< bytes
  Time newest_acknowledged_sent_at_{};
  Time progress_at_{};  ///< the retransmission timer counts from here
  bool paused_ = false;
  bool was_full_ = false;
  RoundTrip round_trip_;
  SendWindow window_;
};

/// What comes in: puts messages in order and says which are to be acknowledged. Memory: at most
/// kMaxStored messages and kMaxStoredBytes wait for a gap to be filled.
class Receiver {
 public:
  static constexpr std::size_t kMaxStored = 10000;
  static constexpr std::size_t kMaxStoredBytes = 8 << 20;

  enum class Verdict {
    kNext,       ///< the caller takes it now, then asks next_stored(); acknowledge
    kStored,     ///< waits for a gap to be filled; acknowledge
    kDuplicate,  ///< acknowledge again: the first acknowledgement may be lost
    kRefused,    ///< no room: do not acknowledge, it will come again
  };
  Verdict arrive(const AgentMessage& m);
  /// The next message in order that had been stored; valid until the next call.
  std::optional<Delivery> next_stored();

  std::int64_t expected() const { return expected_; }
  bool has_gap() const { return !stored_.empty(); }

 private:
  struct Stored {
    PayloadType type;
    Bytes payload;
  };
  std::map<std::int64_t, Stored> stored_;
  std::size_t stored_bytes_ = 0;
  std::int64_t expected_ = 0;
  Stored current_{};
};

/// Both directions of one end, with the acknowledgements between them.
class Stream {
 public:
  struct Config {
    std::string_view sends;     ///< message type of our data
    std::string_view receives;  ///< message type of the peer's
    std::size_t payload_size = kDefaultPayload;
    bool check_digest = true;
    bool syn_on_first = false;  ///< the agent marks its first message
    ClockOrigin clock{};
  };
  static constexpr std::size_t kMaxAcknowledges = 4096;  ///< waiting to be sent

  Stream(Config config, UuidSource uuids);

  /// A stream data message. True when it is the next in order: the caller takes it, then each
  /// of next_stored() until there is none.
  bool receive_data(const AgentMessage& m, Time now);
  std::optional<Delivery> next_stored();
  /// An acknowledge message. Errors: kProtocol when its payload is malformed.
  Result<void> receive_acknowledge(const AgentMessage& m, Time now);
  void receive_pause(bool on, Time now);

  /// From here on what is_encrypted() is, both ways. What is kept to be sent again is as it
  /// went out, so that a nonce stands for one payload.
  void encrypt_with(PayloadCipher cipher) { cipher_ = std::move(cipher); }
  bool encrypted() const { return cipher_.has_value(); }
  PayloadCipher& cipher() { return *cipher_; }  ///< when encrypted()
  /// Makes a delivery readable; valid until the next call. Errors: kMalformed when the peer
  /// did not encrypt it.
  Result<void> decrypt(Delivery& delivery);

  std::size_t room() const;
  /// Stream bytes that one message carries.
  std::size_t data_size() const;
  void push(PayloadType type, ByteView payload);
  void push_data(ByteView bytes);  ///< in messages of data_size()

  /// Appends the next message to send: acknowledgements first.
  bool next_outgoing(Bytes& out, Time now);
  std::optional<Time> next_timeout() const { return sender_.next_timeout(); }
  void on_timer(Time now) { sender_.on_timer(now); }
  void resend_all() { sender_.resend_all(); }

  bool idle() const { return sender_.idle(); }
  bool paused() const { return sender_.paused(); }
  bool has_gap() const { return receiver_.has_gap(); }
  std::int64_t acknowledged_up_to() const { return sender_.acknowledged_up_to(); }
  std::int64_t next_sequence() const { return sender_.next_sequence(); }
  const Sender& sender() const { return sender_; }
  StreamCounters counters() const;

 private:
  struct PendingAcknowledge {
    Uuid id;
    std::int64_t sequence_number;
  };
  void unpause_on_life(Time now);

  Config config_;
  UuidSource uuids_;
  Sender sender_;
  Receiver receiver_;
  std::optional<PayloadCipher> cipher_;
  Bytes encrypted_;  ///< reused
  Bytes decrypted_;  ///< reused
  std::deque<PendingAcknowledge> acknowledges_;
  Bytes acknowledge_payload_;  ///< reused
  std::optional<Time> paused_at_;
  std::uint64_t received_ = 0;
  std::uint64_t duplicates_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace passport::wire::ssm
