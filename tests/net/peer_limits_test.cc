#include "net/peer_limits.h"

#include <gtest/gtest.h>

namespace passport::net {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::make_address;

constexpr PeerCounts::Clock::time_point kStart{1h};

TEST(PeerCounts, ConnectionsAreCountedByPeer) {
  PeerCounts counts({2, 0});
  const auto a = make_address("192.0.2.1");
  EXPECT_TRUE(counts.open(a, kStart));
  EXPECT_TRUE(counts.open(make_address("::ffff:192.0.2.1"), kStart));
  EXPECT_FALSE(counts.open(a, kStart));
  EXPECT_TRUE(counts.open(make_address("192.0.2.2"), kStart));
  counts.close(a);
  EXPECT_TRUE(counts.open(a, kStart));
  EXPECT_TRUE(counts.open(make_address("2001:db8::1"), kStart));
  EXPECT_TRUE(counts.open(make_address("2001:db8::ffff:1"), kStart));
  EXPECT_FALSE(counts.open(make_address("2001:db8::2"), kStart)) << "the same /64";
  EXPECT_TRUE(counts.open(make_address("2001:db8:0:1::2"), kStart));
}

TEST(PeerCounts, RequestsComeBackWithTime) {
  PeerCounts counts({0, 5});
  const auto a = make_address("192.0.2.1");
  ASSERT_TRUE(counts.open(a, kStart));
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(counts.take(a, kStart)) << i;
  EXPECT_FALSE(counts.take(a, kStart));
  EXPECT_FALSE(counts.take(a, kStart + 100ms));
  EXPECT_TRUE(counts.take(a, kStart + 201ms));
  EXPECT_FALSE(counts.take(a, kStart + 202ms));
  counts.close(a);
  ASSERT_TRUE(counts.open(a, kStart + 203ms));
  EXPECT_FALSE(counts.take(a, kStart + 204ms)) << "a new connection is not a new peer";
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(counts.take(a, kStart + 1h)) << i;
  EXPECT_FALSE(counts.take(a, kStart + 1h));
}

TEST(PeerCounts, PeersThatLeftAreForgotten) {
  PeerCounts counts({1, 1});
  for (std::uint32_t i = 0; i < 3 * PeerCounts::kMaxKept; ++i) {
    const boost::asio::ip::address_v4 peer(i);
    ASSERT_TRUE(counts.open(peer, kStart));
    if (i > 0) counts.close(peer);
    ASSERT_LE(counts.peers(), PeerCounts::kMaxKept + 1);
  }
  EXPECT_FALSE(counts.open(boost::asio::ip::address_v4(0), kStart)) << "it is still there";
}

}  // namespace
}  // namespace passport::net
