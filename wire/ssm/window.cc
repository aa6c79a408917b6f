#include "wire/ssm/window.h"

#include <cstdlib>
#include <utility>

namespace passport::wire::ssm {
namespace {

/// How long a quickest round trip is believed: a path that got longer must not look crowded for
/// ever.
constexpr Duration kBasePeriod = std::chrono::seconds(30);
constexpr Duration kTimerGranularity = std::chrono::milliseconds(10);

Duration distance(Duration a, Duration b) {
  return a < b ? b - a : a - b;
}

}  // namespace

void RoundTrip::sample(Duration rtt) {
  quickest_ = std::min(rtt, quickest_.value_or(rtt));
  if (range_.samples == kSpreadSamples) last_range_ = std::exchange(range_, {});
  range_ = {std::min(range_.low, rtt), std::max(range_.high, rtt), range_.samples + 1};
  if (!smoothed_) {
    smoothed_ = rtt;
    variation_ = rtt / 2;
  } else {
    variation_ = (variation_ * 3 + distance(*smoothed_, rtt)) / 4;
    smoothed_ = (*smoothed_ * 7 + rtt) / 8;
  }
  end_back_off();
}

void RoundTrip::end_back_off() {
  if (!smoothed_) {
    timeout_ = kInitialTimeout;
    return;
  }
  timeout_ = std::clamp(*smoothed_ + std::max(kTimerGranularity, variation_ * 4), kMinTimeout,
                        kMaxTimeout);
}

SendWindow::SendWindow(std::size_t message_size)
    : least_(2 * message_size), size_(std::max(kInitial, least_)) {}

void SendWindow::on_acknowledged(std::size_t bytes, std::optional<Duration> rtt, bool was_full,
                                 Time now) {
  if (rtt) {
    usual_rtt_ = usual_rtt_ == Duration::zero() ? *rtt : (usual_rtt_ * 7 + *rtt) / 8;
    round_quickest_ = std::min(round_quickest_, *rtt);
    if (now >= round_end_) end_round(now);
  }
  if (crowded_ || !was_full) return;
  size_ = std::min(kMax, size_ + (size_ < threshold_ ? bytes : bytes / 8));
}

void SendWindow::end_round(Time now) {
  if (now >= period_end_) {
    base_ = period_base_;
    period_base_ = Duration::max();
    period_end_ = now + kBasePeriod;
  }
  period_base_ = std::min(period_base_, round_quickest_);
  base_ = std::min(base_, period_base_);
  crowded_ = round_quickest_ > base_ + kQueueTarget;
  if (crowded_) {
    size_ = std::max(least_, size_ - size_ / 8);
    threshold_ = size_;
  }
  round_quickest_ = Duration::max();
  round_end_ = now + usual_rtt_;
}

void SendWindow::on_loss(Time now) {
  if (now < loss_until_) return;
  loss_until_ = now + usual_rtt_;
  size_ = std::max(least_, size_ - size_ / 8);
  threshold_ = size_;
}

void SendWindow::on_timeout() {
  threshold_ = std::max(least_, size_ / 2);
  size_ = least_;
}

void SendWindow::on_new_path() {
  base_ = period_base_ = round_quickest_ = Duration::max();
  period_end_ = round_end_ = Time{};
  crowded_ = false;
}

}  // namespace passport::wire::ssm
