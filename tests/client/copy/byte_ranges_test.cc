#include "client/copy/byte_ranges.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace passport::copy {
namespace {

using List = std::map<std::uint64_t, std::uint64_t>;

TEST(ByteRanges, WhatTouchesIsOne) {
  ByteRanges ranges;
  ranges.add({10, 20});
  ranges.add({30, 40});
  ranges.add({20, 30});
  EXPECT_EQ(ranges.list(), (List{{10, 40}}));
  ranges.add({5, 5});
  ranges.add({0, 100});
  EXPECT_EQ(ranges.list(), (List{{0, 100}}));
  EXPECT_EQ(ranges.total(), 100u);
  ranges.remove({40, 60});
  EXPECT_EQ(ranges.list(), (List{{0, 40}, {60, 100}}));
}

TEST(ByteRanges, GapsAreFoundInOrder) {
  ByteRanges ranges;
  EXPECT_EQ(ranges.find_gap(0, 0, 10), std::nullopt);
  EXPECT_EQ(ranges.find_gap(0, 100, 10), (Range{0, 10}));
  ranges.add({0, 10});
  ranges.add({15, 100});
  EXPECT_EQ(ranges.find_gap(0, 100, 10), (Range{10, 15}));
  EXPECT_EQ(ranges.find_gap(12, 100, 2), (Range{12, 14}));
  EXPECT_EQ(ranges.find_gap(15, 100, 10), std::nullopt);
}

/// Against a bit for each byte.
TEST(ByteRanges, AreWhatBitsAre) {
  std::mt19937 random(7);
  ByteRanges ranges;
  std::vector<bool> bits(200);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t from = random() % bits.size();
    const std::uint64_t to = from + random() % (bits.size() - from) / (1 + random() % 9);
    const bool adds = random() % 2 == 0;
    for (auto at = from; at < to; ++at) bits[at] = adds;
    adds ? ranges.add({from, to}) : ranges.remove({from, to});
    ASSERT_EQ(ranges.total(),
              static_cast<std::uint64_t>(std::count(bits.begin(), bits.end(), true)));
    std::uint64_t last = 0;
    bool first = true;
    for (const auto& [begin, end] : ranges.list()) {
      ASSERT_LT(begin, end);
      ASSERT_TRUE(first || begin > last);
      ASSERT_TRUE(bits[begin] && bits[end - 1] && (end == bits.size() || !bits[end]));
      last = end;
      first = false;
    }
    const auto gap = ranges.find_gap(from, bits.size(), 1000);
    const auto zero = std::find(bits.begin() + static_cast<long>(from), bits.end(), false);
    ASSERT_EQ(gap.has_value(), zero != bits.end());
    if (gap) ASSERT_EQ(gap->from, static_cast<std::uint64_t>(zero - bits.begin()));
    ASSERT_EQ(
        ranges.covers({from, to}),
        std::find(bits.begin() + static_cast<long>(from), bits.begin() + static_cast<long>(to),
                  false) == bits.begin() + static_cast<long>(to));
  }
}

}  // namespace
}  // namespace passport::copy
