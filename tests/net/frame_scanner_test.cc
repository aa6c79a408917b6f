#include "net/frame_scanner.h"

#include <gtest/gtest.h>

namespace passport::net {
namespace {

Bytes frame(std::uint8_t first, std::size_t length, bool masked) {
  const std::uint8_t mask = masked ? 0x80 : 0;
  Bytes out{first};
  if (length < 126) {
    out.push_back(static_cast<std::uint8_t>(mask | length));
  } else if (length < 65536) {
    out.push_back(static_cast<std::uint8_t>(mask | 126));
    out.push_back(static_cast<std::uint8_t>(length >> 8));
    out.push_back(static_cast<std::uint8_t>(length));
  } else {
    out.push_back(static_cast<std::uint8_t>(mask | 127));
    append_u64(out, length);
  }
  if (masked) append_u32(out, 0x81828384);  // looks like frame headers
  out.resize(out.size() + length, 0x82);
  return out;
}

constexpr std::uint8_t kBinary = 0x82;
constexpr std::uint8_t kTextBegins = 0x01;
constexpr std::uint8_t kContinues = 0x00;
constexpr std::uint8_t kEnds = 0x80;
constexpr std::uint8_t kCloseFrame = 0x88;
constexpr std::uint8_t kPingFrame = 0x89;

TEST(FrameScanner, CountsMessagesOfEveryLengthFormFedByteByByte) {
  for (const bool masked : {false, true}) {
    FrameScanner scanner;
    std::size_t expected = 0;
    for (const std::size_t length : {0, 1, 125, 126, 127, 65535, 65536}) {
      const auto bytes = frame(kBinary, length, masked);
      for (std::size_t i = 0; i < bytes.size(); ++i) {
        EXPECT_EQ(scanner.messages(), expected) << "length " << length << " byte " << i;
        scanner.feed(ByteView(bytes).subspan(i, 1));
      }
      EXPECT_EQ(scanner.messages(), ++expected);
    }
  }
}

TEST(FrameScanner, CountsManyFramesFedAtOnce) {
  Bytes bytes;
  for (int i = 0; i < 10; ++i) append(bytes, frame(kBinary, 1536, true));
  bytes.pop_back();
  FrameScanner scanner;
  scanner.feed(bytes);
  EXPECT_EQ(scanner.messages(), 9u);
  scanner.take();
  EXPECT_EQ(scanner.messages(), 8u);
}

TEST(FrameScanner, AFragmentedMessageCountsAtItsEndAndAPingNever) {
  FrameScanner scanner;
  scanner.feed(frame(kTextBegins, 10, false));
  scanner.feed(frame(kPingFrame, 4, false));
  scanner.feed(frame(kContinues, 300, false));
  EXPECT_EQ(scanner.messages(), 0u);
  scanner.feed(frame(kEnds, 0, false));
  EXPECT_EQ(scanner.messages(), 1u);
}

TEST(FrameScanner, ACloseFrameCounts) {
  FrameScanner scanner;
  scanner.feed(frame(kCloseFrame, 2, false));
  EXPECT_EQ(scanner.messages(), 1u);
}

}  // namespace
}  // namespace passport::net
