#include "base/bytes.h"

#include <gtest/gtest.h>

#include "base/byte_queue.h"
#include "base/secret.h"

namespace passport {
namespace {

TEST(ByteReader, IsStickyAndNeverReadsOutside) {
  const Bytes in = {0, 0, 0, 1, 9};
  ByteReader r(in);
  EXPECT_EQ(r.u32(), 1U);
  EXPECT_EQ(r.u32(), 0U);
  EXPECT_FALSE(r.ok());
  EXPECT_EQ(r.left(), 0U);
  EXPECT_TRUE(r.take(1).empty());
}

TEST(Append, WritesBigEndian) {
  Bytes out;
  append_u32(out, 0x01020304);
  append_u64(out, 0x05060708090a0b0cU);
  EXPECT_EQ(out, (Bytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
}

TEST(ByteQueue, KeepsOrderOverAppendConsumeAndTake) {
  ByteQueue q;
  std::string expected;
  std::string got;
  for (int i = 0; i < 1000; ++i) {
    const auto text = std::to_string(i);
    q.append(as_bytes(text));
    expected += text;
    const auto n = static_cast<std::size_t>(i) % (q.size() + 1);
    got += as_text(q.view().first(n));
    q.consume(n);
    if (i % 97 == 0) {
      Bytes all;
      q.take(all);
      got += as_text(all);
      EXPECT_TRUE(q.empty());
    }
  }
  got += as_text(q.view());
  EXPECT_EQ(got, expected);
}

TEST(PieceQueue, KeepsOrderOverPieces) {
  PieceQueue q;
  std::string expected;
  std::string got;
  for (std::size_t i = 0; i < 300; ++i) {
    const std::string text(i * 37 % 1000 * 200, static_cast<char>('a' + i % 26));
    q.append(as_bytes(text));
    expected += text;
    EXPECT_EQ(q.size(), expected.size() - got.size());
    const auto n = std::min(q.front().size(), i * 53 % (2 * PieceQueue::kPiece));
    got += as_text(q.front().first(n));
    q.consume(n);
  }
  while (!q.empty()) {
    ASSERT_LE(q.front().size(), PieceQueue::kPiece);
    ASSERT_FALSE(q.front().empty());
    got += as_text(q.front());
    q.consume(q.front().size());
  }
  EXPECT_TRUE(got == expected);
  EXPECT_TRUE(q.front().empty());
}

TEST(Secret, MovesAwayAndStaysEqualInCopies) {
  Secret a("key");
  Secret b = a;
  Secret c = std::move(a);
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): that is the point
  EXPECT_EQ(b.reveal(), "key");
  EXPECT_EQ(c.reveal(), "key");
}

}  // namespace
}  // namespace passport
