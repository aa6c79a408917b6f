#include "proxy/outage.h"

#include <gtest/gtest.h>

namespace passport::proxy {
namespace {

using namespace std::chrono_literals;

const Outage::Time kStart = Outage::Time() + 1000s;

TEST(Outage, TriesAtOnceThenAfterTimesThatDouble) {
  Outage outage("websocket code 1006", kStart, 600s);
  EXPECT_EQ(outage.next_try(kStart, 12345), kStart);
  std::chrono::milliseconds most = Outage::kFirstDelay;
  for (int i = 0; i < 40; ++i) {
    for (const std::uint64_t random : {std::uint64_t{0}, ~std::uint64_t{0}}) {
      auto copy = outage;
      const auto delay = copy.next_try(kStart, random) - kStart;
      EXPECT_GE(delay, most / 2) << i;
      EXPECT_LE(delay, most) << i;
    }
    (void)outage.next_try(kStart, 7);
    most = std::min(most * 2, Outage::kLongestDelay);
  }
}

TEST(Outage, SaysOneLineWhenItLasts) {
  Outage outage("websocket code 1000: Bye", kStart, 600s);
  EXPECT_EQ(outage.take_notice(kStart + 4999ms), "");
  EXPECT_EQ(outage.notice_at(), kStart + 5s);
  EXPECT_EQ(outage.judge({Errc::kUnavailable, "cannot connect to x:443: no route"}),
            std::nullopt);
  EXPECT_EQ(outage.take_notice(kStart + 5s),
            "the connection broke (websocket code 1000: Bye); trying to resume for another 9 "
            "minutes: cannot connect to x:443: no route");
  EXPECT_EQ(outage.take_notice(kStart + 60s), "");
  EXPECT_EQ(outage.notice_at(), std::nullopt);
}

TEST(Outage, SaysNothingWhenItsTimeIsShort) {
  Outage outage("why", kStart, Outage::kQuietFor);
  EXPECT_EQ(outage.notice_at(), std::nullopt);
  EXPECT_EQ(outage.take_notice(kStart + 60s), "");
}

TEST(Outage, JudgesWhatCannotBeMended) {
  for (const auto code :
       {Errc::kUnavailable, Errc::kTimeout, Errc::kThrottled, Errc::kDenied, Errc::kExpired}) {
    Outage outage("why", kStart, 600s);
    EXPECT_FALSE(outage.judge({code, "x"}));
    EXPECT_EQ(outage.refused(), code == Errc::kDenied || code == Errc::kExpired);
  }
  for (const auto code : {Errc::kConfig, Errc::kProtocol, Errc::kMalformed, Errc::kInternal}) {
    Outage outage("why", kStart, 600s);
    const auto error = outage.judge({code, "bad answer", "a hint"});
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, code);
    EXPECT_EQ(error->detail, "the connection broke (why) and could not be resumed: bad answer");
    EXPECT_EQ(error->hint, "a hint");
  }
}

TEST(Outage, ATryThatIsNoLongerRefusedNeedsNoNewCredentials) {
  Outage outage("why", kStart, 600s);
  EXPECT_FALSE(outage.judge({Errc::kDenied, "403"}));
  EXPECT_FALSE(outage.judge({Errc::kUnavailable, "no route"}));
  EXPECT_FALSE(outage.refused());
}

TEST(Outage, RunningOutOfTimeDoesNotHideTheReason) {
  Outage outage("why", kStart, 600s);
  EXPECT_FALSE(outage.judge({Errc::kTimeout, "no answer"}));
  EXPECT_EQ(outage.give_up().code, Errc::kTimeout);
  EXPECT_FALSE(outage.judge({Errc::kExpired, "aws: ExpiredTokenException"}));
  EXPECT_FALSE(outage.judge({Errc::kTimeout, "no answer"}));
  EXPECT_EQ(outage.give_up().code, Errc::kExpired);
}

TEST(Outage, GivesUpWithItsTimeWhenNothingElseIsKnown) {
  const Outage outage("why", kStart, 90s);
  EXPECT_EQ(outage.give_up().detail,
            "the connection broke (why) and could not be resumed within 1 minute");
}

}  // namespace
}  // namespace passport::proxy
