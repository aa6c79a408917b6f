#include "client/copy/file_pieces.h"

#include <deque>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace passport::copy {
namespace {

using namespace std::chrono_literals;
using Time = FilePieces::Time;

constexpr Time kStart{};

TEST(FilePieces, AreClaimedInOrderAndOnce) {
  FilePieces pieces(25, {});
  EXPECT_EQ(pieces.claim(0, 10, kStart), (Range{0, 10}));
  EXPECT_EQ(pieces.claim(1, 10, kStart), (Range{10, 20}));
  EXPECT_EQ(pieces.unclaimed(), 5u);
  EXPECT_EQ(pieces.claim(0, 10, kStart), (Range{20, 25}));
  EXPECT_EQ(pieces.claim(0, 10, kStart), std::nullopt);
  for (const auto range : {Range{0, 10}, Range{20, 25}, Range{10, 20}}) {
    EXPECT_FALSE(pieces.complete());
    EXPECT_TRUE(pieces.begin_write(range));
    EXPECT_FALSE(pieces.begin_write(range));
    pieces.finish(range);
  }
  EXPECT_TRUE(pieces.complete());
}

TEST(FilePieces, WhatIsThereIsNotCopied) {
  ByteRanges done;
  done.add({5, 20});
  FilePieces pieces(25, done);
  EXPECT_EQ(pieces.claim(0, 10, kStart), (Range{0, 5}));
  EXPECT_EQ(pieces.claim(0, 10, kStart), (Range{20, 25}));
  EXPECT_TRUE(FilePieces(0, {}).complete());
}

TEST(FilePieces, AnAnswerMayBeTheBeginningAlone) {
  FilePieces pieces(10, {});
  EXPECT_EQ(pieces.claim(0, 10, kStart), (Range{0, 10}));
  EXPECT_TRUE(pieces.begin_write({0, 4}));
  pieces.finish({0, 4});
  EXPECT_EQ(pieces.unclaimed(), 0u);
  EXPECT_TRUE(pieces.begin_write({4, 10}));
  pieces.finish({4, 10});
  EXPECT_TRUE(pieces.complete());
}

TEST(FilePieces, ABrokenSessionGivesBack) {
  FilePieces pieces(20, {});
  (void)pieces.claim(0, 10, kStart);
  (void)pieces.claim(1, 10, kStart);
  pieces.give_back(0);
  EXPECT_EQ(pieces.claim(2, 30, kStart), (Range{0, 10}));
  EXPECT_FALSE(pieces.begin_write({10, 30}));  // beyond the claim
}

TEST(FilePieces, ASlowOneIsHelpedOnce) {
  FilePieces pieces(20, {});
  (void)pieces.claim(0, 10, kStart);
  (void)pieces.claim(1, 10, kStart + 5s);
  EXPECT_FALSE(pieces.has_late(kStart));
  EXPECT_EQ(pieces.claim_late(2, kStart), std::nullopt);
  EXPECT_EQ(pieces.claim_late(0, kStart + 1s), std::nullopt);  // its own
  EXPECT_TRUE(pieces.has_late(kStart + 1s));
  EXPECT_EQ(pieces.claim_late(2, kStart + 1s), (Range{0, 10}));
  EXPECT_EQ(pieces.claim_late(3, kStart + 1s), std::nullopt);
  EXPECT_TRUE(pieces.begin_write({0, 10}));
  pieces.finish({0, 10});
  EXPECT_FALSE(pieces.begin_write({0, 10}));  // the slow one's, after all
}

TEST(FilePieces, AHelperTakesOverFromABrokenSession) {
  FilePieces pieces(10, {});
  (void)pieces.claim(0, 10, kStart);
  EXPECT_EQ(pieces.claim_late(1, kStart + 1s), (Range{0, 10}));
  pieces.give_back(0);
  EXPECT_EQ(pieces.claim(2, 10, kStart), std::nullopt);
  pieces.give_back(1);
  EXPECT_EQ(pieces.claim(2, 10, kStart), (Range{0, 10}));
}

/// Sessions that answer late, in part, twice, or break: each byte is written once and all are.
TEST(FilePieces, EveryByteComesOnceWhateverBreaks) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const std::uint64_t size = random() % 500;
    FilePieces pieces(size, {});
    std::vector<int> written(size);
    std::vector<std::deque<Range>> sessions(4);
    auto now = kStart;
    while (!pieces.complete()) {
      now += 1s;
      const int worker = static_cast<int>(random() % sessions.size());
      auto& mine = sessions[static_cast<std::size_t>(worker)];
      const auto dice = random() % 20;
      if (dice == 0) {
        mine.clear();
        pieces.give_back(worker);
      } else if (mine.empty() || dice < 8) {
        auto range = pieces.claim(worker, 1 + random() % 40, now);
        if (!range) range = pieces.claim_late(worker, now - 20s);
        if (range) mine.push_back(*range);
      } else {
        auto range = mine.front();
        mine.pop_front();
        const auto whole = range;
        if (range.size() > 1 && dice < 10)
          range.to = range.from + 1 + random() % (range.size() - 1);
        if (!pieces.begin_write(range)) continue;
        for (auto at = range.from; at < range.to; ++at) ++written[at];
        pieces.finish(range);
        if (range.to < whole.to) mine.push_back({range.to, whole.to});
      }
    }
    ASSERT_EQ(written, std::vector<int>(size, 1)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace passport::copy
