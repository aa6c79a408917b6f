// What a bad path does to the messages of one direction. Pure: time comes in, chance is seeded.
#pragma once
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "wire/websocket_message.h"

namespace passport::lab {

/// Shares are from 0 to 1, each message's fate is independent of the others'.
struct PathFaults {
  static constexpr std::size_t kAnyOrder = std::numeric_limits<std::size_t>::max();

  double drop = 0;
  double duplicate = 0;
  double corrupt = 0;  ///< one bit of the payload of stream data
  std::chrono::milliseconds delay_min{0};
  std::chrono::milliseconds delay_max{0};  ///< delays are uniform between the two
  /// How many later messages may overtake one; 0: messages stay in order, whatever their
  /// delays.
  std::size_t reorder = kAnyOrder;

  bool any() const;
  bool operator==(const PathFaults&) const = default;
};

/// Messages on the way. Text is delayed alone: the service, not the path, handles
/// the opening frame.
class FaultyPath {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Bytes on the way above which full() asks for no more.
  static constexpr std::size_t kMaxBytes = 4 << 20;
  /// Without delays there is nothing to reorder by: then they are from 0 to this.
  static constexpr std::chrono::milliseconds kReorderSpread{10};

  explicit FaultyPath(std::uint64_t seed) : random_(seed) {}

  void push(const PathFaults& faults, wire::WebSocketMessage message, Time now);
  /// The next message that is due; false when none is.
  bool pop(wire::WebSocketMessage& out, Time now);
  /// When pop() may give the next one; nullopt while the path is empty.
  std::optional<Time> next_due() const;
  bool empty() const { return held_.empty(); }
  bool full() const { return bytes_ >= kMaxBytes; }
  void clear();

 private:
  struct Held {
    Time due;
    std::size_t reorder;
    wire::WebSocketMessage message;
  };
  using Order = std::uint64_t;

  double chance() { return std::uniform_real_distribution<>(0, 1)(random_); }
  void hold(const PathFaults& faults, wire::WebSocketMessage message, Time now);
  void flip_bit(Bytes& bytes);
  /// The message to come out next. Precondition: not empty().
  Order find_next() const;

  std::mt19937_64 random_;
  Order next_order_ = 0;
  std::map<Order, Held> held_;
  std::set<std::pair<Time, Order>> by_due_;
  std::size_t bytes_ = 0;
};

}  // namespace passport::lab
