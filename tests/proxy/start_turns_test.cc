#include "proxy/start_turns.h"

#include <gtest/gtest.h>

namespace passport::proxy {
namespace {

using namespace std::chrono_literals;

constexpr StartTurns::Time kNow = 5000s;

TEST(StartTurns, AreOneRateApart) {
  StartTurns turns;
  EXPECT_EQ(turns.take("b", kNow, 10), kNow);
  for (int i = 1; i < 200; ++i) EXPECT_EQ(turns.take("b", kNow + 1ms, 10), kNow + i * 100ms);
  // Never more than the rate within any second, however long nobody came before.
  EXPECT_EQ(turns.take("b", kNow + 1h, 10), kNow + 1h);
  EXPECT_EQ(turns.take("b", kNow + 1h, 10), kNow + 1h + 100ms);
}

TEST(StartTurns, EachKeepsToItsOwnRate) {
  StartTurns turns;
  EXPECT_EQ(turns.take("b", kNow, 2), kNow);
  EXPECT_EQ(turns.take("b", kNow, 1000), kNow + 500ms);
  EXPECT_EQ(turns.take("b", kNow, 1), kNow + 501ms);
  EXPECT_EQ(turns.take("b", kNow, 1), kNow + 1501ms);
}

TEST(StartTurns, ALongQueueIsRefusedAndGrowsNoLonger) {
  StartTurns turns;
  for (int i = 0; i <= 600; ++i) ASSERT_TRUE(turns.take("b", kNow, 1)) << i;
  const auto full = turns.next;
  EXPECT_EQ(turns.take("b", kNow, 1), std::nullopt);
  EXPECT_EQ(turns.take("b", kNow, 1), std::nullopt);
  EXPECT_EQ(turns.next, full);
  EXPECT_EQ(turns.take("b", kNow + 1s, 1), full);
}

TEST(StartTurns, OtherBootsAndTimesThatCannotBeDoNotCount) {
  StartTurns turns{"a", kNow + 300s};
  EXPECT_EQ(turns.take("b", kNow, 10), kNow);
  EXPECT_EQ(turns.boot, "b");
  turns.next = kNow + 24h;
  EXPECT_EQ(turns.take("b", kNow, 10), kNow);
}

TEST(StartTurns, TheFileIsALineOrNothing) {
  const StartTurns turns{"0f3c-1", 123456789ns};
  const auto text = turns.serialize();
  EXPECT_EQ(text, "0f3c-1 123456789\n");
  const auto parsed = StartTurns::parse(text);
  EXPECT_EQ(parsed.boot, turns.boot);
  EXPECT_EQ(parsed.next, turns.next);
  for (std::size_t n = 0; n < text.size(); ++n)
    EXPECT_EQ(StartTurns::parse(text.substr(0, n)).next, 0ns) << n;
  for (const std::string& bad : std::vector<std::string>{
           text + "x", "a -1\n", "a 1x\n", "a  1\n", "a 99999999999999999999\n",
           std::string(StartTurns::kMaxText, 'a') + " 1\n", "\n 1"})
    EXPECT_EQ(StartTurns::parse(bad).next, 0ns) << bad;
}

}  // namespace
}  // namespace passport::proxy
