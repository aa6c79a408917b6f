// How fast a sender may go: round-trip estimates and the window of unacknowledged bytes.
#pragma once
#include <algorithm>
#include <chrono>
#include <optional>

#include "wire/ssm/channel.h"

namespace passport::wire::ssm {

/// Round-trip estimates and the retransmission timeout after RFC 6298. The caller leaves out
/// messages of which it is not known which sending was answered (Karn).
class RoundTrip {
 public:
  static constexpr Duration kMinTimeout = std::chrono::milliseconds(200);
  static constexpr Duration kInitialTimeout = std::chrono::seconds(1);
  static constexpr Duration kMaxTimeout = std::chrono::seconds(10);
  static constexpr unsigned kSpreadSamples = 256;

  void sample(Duration rtt);
  void back_off() { timeout_ = std::min(timeout_ * 2, kMaxTimeout); }
  void end_back_off();

  std::optional<Duration> smoothed() const { return smoothed_; }
  /// Of this path; an answer cannot come sooner.
  std::optional<Duration> quickest() const { return quickest_; }
  void on_new_path() { quickest_.reset(); }
  Duration variation() const { return variation_; }
  /// Between the quickest and the slowest of the last kSpreadSamples or more: how much later
  /// than others a message may be answered that is not lost.
  Duration spread() const { return std::max(range_.size(), last_range_.size()); }
  Duration timeout() const { return timeout_; }

 private:
  std::optional<Duration> smoothed_;
  struct Range {
    Duration low = Duration::max();
    Duration high{};
    unsigned samples = 0;
    Duration size() const { return samples == 0 ? Duration::zero() : high - low; }
  };

  std::optional<Duration> quickest_;
  Range range_, last_range_;
  Duration variation_{};
  Duration timeout_ = kInitialTimeout;
};

/// The window: how many bytes may be unacknowledged. Acknowledgements open it, by what they
/// acknowledge at first and an eighth of that later; loss takes an eighth, for under us is TCP
/// and what is lost is seldom lost to a queue; a timeout closes it to its least. It also closes
/// when even the quickest answer of a round trip shows that our bytes
/// wait in queues on the way: the service and the agent take about 0.7 MB/s, and what is sent
/// beyond that only makes a keystroke late and a retransmission wrong.
class SendWindow {
 public:
  static constexpr std::size_t kMax = 2 << 20;       ///< bytes
  static constexpr std::size_t kInitial = 64 << 10;  ///< bytes
  static constexpr Duration kQueueTarget = std::chrono::milliseconds(100);

  /// `message_size`: bytes of a full message on the wire; the least window is two of them.
  explicit SendWindow(std::size_t message_size);

  std::size_t size() const { return size_; }
  /// `was_full`: the window was what held the sender back. `rtt`: as for RoundTrip.
  void on_acknowledged(std::size_t bytes, std::optional<Duration> rtt, bool was_full, Time now);
  void on_loss(Time now);  ///< at most one reduction a round trip
  void on_timeout();
  void on_new_path();  ///< another connection: what was learnt about delay no longer holds

 private:
  void end_round(Time now);

  std::size_t least_;
  std::size_t size_;
  std::size_t threshold_ = kMax;            ///< below it the window doubles each round trip
  Duration base_ = Duration::max();         ///< quickest round trip of this and the last period
  Duration period_base_ = Duration::max();  ///< quickest of this period
  Time period_end_{};
  Duration round_quickest_ = Duration::max();
  Time round_end_{};
  Time loss_until_{};
  Duration usual_rtt_{};  ///< a moving average
  bool crowded_ = false;  ///< the last round ended with bytes waiting on the way
};

}  // namespace passport::wire::ssm
