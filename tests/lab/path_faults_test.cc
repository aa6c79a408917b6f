#include "lab/path_faults.h"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "wire/ssm/agent_message.h"

namespace passport::lab {
namespace {

using namespace std::chrono_literals;
using Time = FaultyPath::Time;

constexpr int kCount = 5000;
const Time kStart = Time{} + 1h;

/// Message number n of stream data.
wire::WebSocketMessage numbered(
    int n, std::string_view type = wire::ssm::kOutputStreamData,
    wire::ssm::PayloadType payload_type = wire::ssm::PayloadType::kOutput) {
  wire::ssm::AgentMessage m;
  m.message_type = type;
  m.sequence_number = n;
  m.payload_type = static_cast<std::uint32_t>(payload_type);
  const auto text = std::to_string(n);
  m.payload = as_bytes(text);
  wire::WebSocketMessage out;
  wire::ssm::serialize_agent_message(m, out.bytes);
  return out;
}

int number_of(const wire::WebSocketMessage& message) {
  return static_cast<int>(wire::ssm::parse_agent_message(message.bytes)->sequence_number);
}

struct Arrival {
  int number;
  Time at;
  Bytes bytes;
};

/// What comes of kCount messages, one each millisecond.
std::vector<Arrival> send_all(const PathFaults& faults, std::uint64_t seed = 1) {
  FaultyPath path(seed);
  std::vector<Arrival> out;
  wire::WebSocketMessage m;
  Time now = kStart;
  const auto take = [&] {
    while (path.pop(m, now)) out.push_back({number_of(m), now, m.bytes});
  };
  for (int i = 0; i < kCount; ++i, now += 1ms) {
    path.push(faults, numbered(i), now);
    take();
  }
  while (const auto due = path.next_due()) {
    now = std::max(now, *due);
    take();
  }
  return out;
}

/// The most messages with higher numbers that came before one.
int most_overtaken(const std::vector<Arrival>& arrivals) {
  int most = 0;
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    const auto from = i < 100 ? 0 : i - 100;
    const auto n =
        std::count_if(arrivals.begin() + static_cast<std::ptrdiff_t>(from),
                      arrivals.begin() + static_cast<std::ptrdiff_t>(i),
                      [&](const Arrival& a) { return a.number > arrivals[i].number; });
    most = std::max(most, static_cast<int>(n));
  }
  return most;
}

TEST(FaultyPath, WithoutFaultsChangesNothing) {
  const auto arrivals = send_all({.reorder = 0});
  ASSERT_EQ(arrivals.size(), std::size_t{kCount});
  for (int i = 0; i < kCount; ++i) {
    const auto& a = arrivals[static_cast<std::size_t>(i)];
    ASSERT_EQ(a.number, i);
    ASSERT_EQ(a.at, kStart + i * 1ms);
    ASSERT_EQ(a.bytes, numbered(i).bytes);
  }
  EXPECT_FALSE(PathFaults{}.any());
  EXPECT_FALSE((PathFaults{.reorder = 0}).any());
}

TEST(FaultyPath, DropsAndDuplicatesTheShareAskedFor) {
  EXPECT_NEAR(static_cast<double>(send_all({.drop = 0.02, .reorder = 0}).size()), kCount * 0.98,
              kCount * 0.01);
  EXPECT_NEAR(static_cast<double>(send_all({.duplicate = 0.02, .reorder = 0}).size()),
              kCount * 1.02, kCount * 0.01);
  EXPECT_TRUE(send_all({.drop = 1}).empty());
}

TEST(FaultyPath, TheSeedDecides) {
  const PathFaults faults{.drop = 0.3, .duplicate = 0.3, .delay_max = 9ms};
  const auto numbers = [&](std::uint64_t seed) {
    std::vector<int> out;
    for (const auto& a : send_all(faults, seed)) out.push_back(a.number);
    return out;
  };
  EXPECT_EQ(numbers(5), numbers(5));
  EXPECT_NE(numbers(5), numbers(6));
}

TEST(FaultyPath, DelaysStayWithinTheirRange) {
  const auto arrivals = send_all({.delay_min = 5ms, .delay_max = 50ms});
  ASSERT_EQ(arrivals.size(), std::size_t{kCount});
  auto least = 1h + 0ms;
  auto most = 0ms;
  for (const auto& a : arrivals) {
    const auto late =
        std::chrono::duration_cast<std::chrono::milliseconds>(a.at - (kStart + a.number * 1ms));
    least = std::min<decltype(least)>(least, late);
    most = std::max(most, late);
  }
  EXPECT_GE(least, 5ms);
  EXPECT_LE(most, 51ms);  // looked at each millisecond
  EXPECT_GT(most, 45ms);
  EXPECT_GT(most_overtaken(arrivals), 10);
}

TEST(FaultyPath, ReordersNoFurtherThanAskedFor) {
  for (const std::size_t depth : {0, 1, 7, 50}) {
    const auto arrivals = send_all({.delay_max = 80ms, .reorder = depth});
    ASSERT_EQ(arrivals.size(), std::size_t{kCount});
    EXPECT_LE(most_overtaken(arrivals), static_cast<int>(depth));
    EXPECT_GE(most_overtaken(arrivals), static_cast<int>(depth) / 2);
  }
  EXPECT_GT(most_overtaken(send_all({.reorder = 3})), 0) << "without delays";
}

TEST(FaultyPath, FlipsOneBitOfThePayload) {
  int flipped = 0;
  for (const auto& a : send_all({.corrupt = 0.1, .reorder = 0})) {
    const auto before = numbered(a.number).bytes;
    ASSERT_EQ(a.bytes.size(), before.size());
    int bits = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
      const auto changed = std::popcount(static_cast<unsigned>(a.bytes[i] ^ before[i]));
      if (changed > 0) {
        EXPECT_GE(i, wire::ssm::kAgentMessageOverhead);
      }
      bits += changed;
    }
    ASSERT_LE(bits, 1);
    flipped += bits;
  }
  EXPECT_NEAR(flipped, kCount * 0.1, kCount * 0.02);
}

TEST(FaultyPath, SparesWhatNobodyCouldCheck) {
  FaultyPath path(1);
  const PathFaults faults{.corrupt = 1, .reorder = 0};
  const wire::WebSocketMessage messages[] = {
      numbered(1, wire::ssm::kAcknowledge, wire::ssm::PayloadType::kNone),
      numbered(2, wire::ssm::kInputStreamData, wire::ssm::PayloadType::kHandshakeResponse),
      {.text = false, .bytes = {1, 2, 3}},
      {.text = true, .bytes = Bytes(200, 'x')},
  };
  for (const auto& m : messages) path.push(faults, m, kStart);
  for (const auto& m : messages) {
    wire::WebSocketMessage out;
    ASSERT_TRUE(path.pop(out, kStart));
    EXPECT_EQ(out.bytes, m.bytes);
  }
  path.push(faults, numbered(3, wire::ssm::kInputStreamData), kStart);
  wire::WebSocketMessage out;
  ASSERT_TRUE(path.pop(out, kStart));
  EXPECT_NE(out.bytes, numbered(3, wire::ssm::kInputStreamData).bytes);
}

TEST(FaultyPath, TheOpeningFrameIsLateAtMost) {
  FaultyPath path(1);
  path.push({.drop = 1, .duplicate = 1, .delay_min = 5ms, .delay_max = 5ms},
            {.text = true, .bytes = {'{', '}'}}, kStart);
  wire::WebSocketMessage out;
  EXPECT_FALSE(path.pop(out, kStart + 4ms));
  EXPECT_TRUE(path.pop(out, kStart + 5ms));
  EXPECT_FALSE(path.pop(out, kStart + 1h));
}

TEST(FaultyPath, SaysWhenItIsFull) {
  FaultyPath path(1);
  const PathFaults late{.delay_min = 1h, .delay_max = 1h};
  const wire::WebSocketMessage large{.text = false, .bytes = Bytes(1 << 20)};
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(path.full());
    path.push(late, large, kStart);
  }
  EXPECT_TRUE(path.full());
  wire::WebSocketMessage out;
  EXPECT_TRUE(path.pop(out, kStart + 1h));
  EXPECT_FALSE(path.full());
  path.clear();
  EXPECT_TRUE(path.empty());
  EXPECT_EQ(path.next_due(), std::nullopt);
}

}  // namespace
}  // namespace passport::lab
