#include "wire/ssm/window.h"

#include <gtest/gtest.h>

namespace passport::wire::ssm {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart = Time{} + 1h;
constexpr std::size_t kMessage = 1656;

TEST(RoundTrip, FollowsRfc6298) {
  RoundTrip r;
  EXPECT_EQ(r.timeout(), RoundTrip::kInitialTimeout);
  r.sample(100ms);
  EXPECT_EQ(*r.smoothed(), 100ms);
  EXPECT_EQ(r.variation(), 50ms);
  EXPECT_EQ(r.timeout(), 300ms);
  r.sample(100ms);
  EXPECT_EQ(r.variation(), 37500us);
}

TEST(RoundTrip, TimeoutStaysWithinItsBoundsAndBacksOff) {
  RoundTrip r;
  for (int i = 0; i < 50; ++i) r.sample(100us);
  EXPECT_EQ(r.timeout(), RoundTrip::kMinTimeout);
  for (int i = 0; i < 20; ++i) r.back_off();
  EXPECT_EQ(r.timeout(), RoundTrip::kMaxTimeout);
  r.end_back_off();
  EXPECT_EQ(r.timeout(), RoundTrip::kMinTimeout);
}

TEST(SendWindow, GrowsOnlyWhileItIsWhatHoldsBack) {
  SendWindow w(kMessage);
  const auto before = w.size();
  w.on_acknowledged(kMessage, 1ms, false, kStart);
  EXPECT_EQ(w.size(), before);
  w.on_acknowledged(kMessage, 1ms, true, kStart);
  EXPECT_EQ(w.size(), before + kMessage);
}

TEST(SendWindow, ShrinksWhenBytesWaitOnTheWayAndGrowsAgain) {
  SendWindow w(kMessage);
  auto now = kStart;
  for (int i = 0; i < 200; ++i) w.on_acknowledged(kMessage, 10ms, true, now += 1ms);
  const auto open = w.size();
  EXPECT_GT(open, SendWindow::kInitial);
  for (int i = 0; i < 200; ++i) w.on_acknowledged(kMessage, 400ms, true, now += 50ms);
  const auto crowded = w.size();
  EXPECT_LT(crowded, open / 2);
  for (int i = 0; i < 2000; ++i) w.on_acknowledged(kMessage, 10ms, true, now += 1ms);
  EXPECT_GT(w.size(), crowded * 2);
}

TEST(SendWindow, LossTakesAnEighthOnceARoundTrip) {
  SendWindow w(kMessage);
  w.on_acknowledged(kMessage, 100ms, true, kStart);
  const auto before = w.size();
  w.on_loss(kStart + 1ms);
  w.on_loss(kStart + 2ms);
  EXPECT_EQ(w.size(), before - before / 8);
  w.on_loss(kStart + 200ms);
  EXPECT_EQ(w.size(), (before - before / 8) - (before - before / 8) / 8);
}

TEST(SendWindow, TimeoutClosesItToTwoMessagesAndNothingClosesItFurther) {
  for (const std::size_t message : {std::size_t{121}, kMessage, std::size_t{65656}}) {
    SendWindow w(message);
    for (int i = 0; i < 20; ++i) {
      w.on_timeout();
      w.on_loss(kStart + std::chrono::hours(i));
    }
    EXPECT_EQ(w.size(), 2 * message);
  }
}

TEST(SendWindow, NeverExceedsItsBound) {
  SendWindow w(65656);
  for (int i = 0; i < 1000; ++i) w.on_acknowledged(65656, 1ms, true, kStart + i * 1ms);
  EXPECT_EQ(w.size(), SendWindow::kMax);
}

TEST(SendWindow, APathThatGotLongerIsNotCrowdedForEver) {
  SendWindow w(kMessage);
  auto now = kStart;
  for (int i = 0; i < 100; ++i) w.on_acknowledged(kMessage, 5ms, true, now += 5ms);
  for (int i = 0; i < 1000; ++i) w.on_acknowledged(kMessage, 250ms, true, now += 100ms);
  const auto before = w.size();
  for (int i = 0; i < 200; ++i) w.on_acknowledged(kMessage, 250ms, true, now += 10ms);
  EXPECT_GT(w.size(), before);
}

}  // namespace
}  // namespace passport::wire::ssm
