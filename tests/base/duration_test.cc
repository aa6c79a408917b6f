#include "base/duration.h"

#include <gtest/gtest.h>

namespace passport {
namespace {

using namespace std::chrono_literals;

TEST(Duration, IsANumberWithAUnit) {
  EXPECT_EQ(parse_duration("0", 24h), 0s);
  EXPECT_EQ(parse_duration("90", 24h), 90s);
  EXPECT_EQ(parse_duration("90s", 24h), 90s);
  EXPECT_EQ(parse_duration("10m", 24h), 10min);
  EXPECT_EQ(parse_duration("24h", 24h), 24h);
}

TEST(Duration, AnythingElseIsNone) {
  for (const auto* text : {"", "s", "-1", "+1", " 1", "1 ", "1d", "1hm", "1.5h", "25h", "86401",
                           "99999999999999999999", "0x10"})
    EXPECT_EQ(parse_duration(text, 24h), std::nullopt) << text;
}

TEST(Duration, IsToldInTheLargestUnit) {
  EXPECT_EQ(describe_duration(0s), "0 seconds");
  EXPECT_EQ(describe_duration(1s), "1 second");
  EXPECT_EQ(describe_duration(119s), "1 minute");
  EXPECT_EQ(describe_duration(3h), "3 hours");
  EXPECT_EQ(describe_duration(50h), "2 days");
  EXPECT_EQ(describe_duration(-5s), "0 seconds");
}

}  // namespace
}  // namespace passport
