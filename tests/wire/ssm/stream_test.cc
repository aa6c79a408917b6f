#include "wire/ssm/stream.h"

#include <gtest/gtest.h>

#include "tests/support/channel_pair.h"

namespace passport::wire::ssm {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart = Time{} + 1h;

Sender make_sender(std::size_t payload_size = kDefaultPayload) {
  return {kInputStreamData, payload_size, false, {}};
}

std::int64_t sequence_of(const Bytes& frame) {
  return parse_agent_message(frame)->sequence_number;
}

TEST(Sender, SendsInOrderAndKeepsUntilAcknowledged) {
  auto s = make_sender();
  Bytes out;
  for (int i = 0; i < 3; ++i) s.push(PayloadType::kOutput, as_bytes("x"), {});
  for (std::int64_t i = 0; i < 3; ++i) {
    out.clear();
    ASSERT_TRUE(s.next(out, kStart));
    EXPECT_EQ(sequence_of(out), i);
  }
  EXPECT_FALSE(s.next(out, kStart));
  s.acknowledge(1, kStart);
  EXPECT_EQ(s.acknowledged_up_to(), 0);
  s.acknowledge(0, kStart);
  EXPECT_EQ(s.acknowledged_up_to(), 2);
  EXPECT_FALSE(s.idle());
  s.acknowledge(2, kStart);
  EXPECT_TRUE(s.idle());
}

TEST(Sender, IgnoresAcknowledgementsOfWhatItNeverSent) {
  auto s = make_sender();
  s.push(PayloadType::kOutput, as_bytes("x"), {});
  for (const std::int64_t n : {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, INT64_MAX})
    s.acknowledge(n, kStart);
  EXPECT_FALSE(s.idle());
  Bytes out;
  EXPECT_TRUE(s.next(out, kStart));
  s.acknowledge(0, kStart);
  s.acknowledge(0, kStart);
  EXPECT_TRUE(s.idle());
}

TEST(Sender, SendsTheWholeWindowAgainAfterATimeoutInOrder) {
  auto s = make_sender();
  Bytes out;
  for (int i = 0; i < 5; ++i) s.push(PayloadType::kOutput, as_bytes("x"), {});
  while (s.next(out, kStart)) {
  }
  const auto due = s.next_timeout();
  ASSERT_TRUE(due);
  s.on_timer(*due - 1ms);
  EXPECT_FALSE(s.next(out, *due));
  s.on_timer(*due);
  for (std::int64_t i = 0; i < 5; ++i) {
    out.clear();
    ASSERT_TRUE(s.next(out, *due));
    EXPECT_EQ(sequence_of(out), i);
  }
  EXPECT_EQ(s.resent, 5U);
  EXPECT_GT(*s.next_timeout() - *due, RoundTrip::kInitialTimeout);
}

TEST(Sender, TakesNoRoundTripFromAMessageSentTwice) {
  auto s = make_sender();
  Bytes out;
  s.push(PayloadType::kOutput, as_bytes("x"), {});
  s.next(out, kStart);
  s.on_timer(*s.next_timeout());
  s.next(out, kStart + 2s);
  s.acknowledge(0, kStart + 2s + 1ms);
  EXPECT_FALSE(s.round_trip().smoothed());
}

TEST(Sender, SendsAHoleAgainOnceLaterOnesAreAcknowledged) {
  auto s = make_sender();
  Bytes out;
  auto now = kStart;
  for (int i = 0; i < 5; ++i) {
    s.push(PayloadType::kOutput, as_bytes("x"), {});
    s.next(out, now += 50ms);
    if (i != 3) s.acknowledge(i, now += 10ms);
  }
  out.clear();
  ASSERT_TRUE(s.next(out, now));
  EXPECT_EQ(sequence_of(out), 3);
  out.clear();
  EXPECT_FALSE(s.next(out, now));
  EXPECT_EQ(s.resent, 1U);
}

TEST(Sender, ResendAllMakesEverythingDueAtOnce) {
  auto s = make_sender();
  Bytes out;
  for (int i = 0; i < 4; ++i) s.push(PayloadType::kOutput, as_bytes("x"), {});
  while (s.next(out, kStart)) {
  }
  s.acknowledge(2, kStart);
  s.resend_all();
  std::vector<std::int64_t> again;
  for (out.clear(); s.next(out, kStart); out.clear()) again.push_back(sequence_of(out));
  EXPECT_EQ(again, (std::vector<std::int64_t>{0, 1, 3}));
}

TEST(Sender, WhatIsUnderWayHasItsTimeAgainAfterAPause) {
  auto s = make_sender();
  s.push(PayloadType::kOutput, Bytes{'x'}, {});
  Bytes out;
  ASSERT_TRUE(s.next(out, kStart));
  s.pause(true, kStart);
  EXPECT_FALSE(s.next_timeout());
  s.pause(false, kStart + 1h);
  ASSERT_TRUE(s.next_timeout());
  EXPECT_GT(*s.next_timeout(), kStart + 1h);
  s.on_timer(kStart + 1h);
  EXPECT_FALSE(s.next(out, kStart + 1h));
}

TEST(Sender, HasNoRoomWhilePausedOrFull) {
  auto s = make_sender();
  EXPECT_GT(s.room(), 0U);
  s.pause(true, kStart);
  EXPECT_EQ(s.room(), 0U);
  s.pause(false, kStart);
  Bytes out;
  const Bytes full(kDefaultPayload, 'x');
  std::size_t taken = 0;
  while (s.room() > 0) {
    s.push(PayloadType::kOutput, full, {});
    ASSERT_TRUE(s.next(out, kStart));
    taken += full.size();
  }
  EXPECT_LE(taken, SendWindow::kInitial);
  EXPECT_GT(taken, SendWindow::kInitial / 2);
}

TEST(Sender, BoundsTheNumberOfTinyMessages) {
  auto s = make_sender(1);
  Bytes out;
  auto now = kStart;
  std::size_t pushed = 0;
  while (s.room() > 0 && pushed < 100000) {
    s.push(PayloadType::kOutput, as_bytes("x"), {});
    out.clear();
    s.next(out, now += 1us);
    if (pushed % 2 == 1)
      s.acknowledge(static_cast<std::int64_t>(pushed), now);  // a hole before each
    ++pushed;
  }
  EXPECT_LE(pushed, Sender::kMaxMessages);
}

AgentMessage data(std::int64_t n, std::string_view payload = "x") {
  AgentMessage m;
  m.message_type = kOutputStreamData;
  m.sequence_number = n;
  m.payload_type = 1;
  m.payload = as_bytes(payload);
  m.payload_digest = compute_digest(m.payload);
  return m;
}

TEST(Receiver, PutsAnyOrderInOrder) {
  for (const auto seed : test::seeds(5)) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::vector<std::int64_t> order(500);
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
    std::shuffle(order.begin(), order.end(), std::mt19937_64(seed));
    Receiver r;
    std::string got;
    std::vector<std::string> payloads(order.size());
    for (std::size_t i = 0; i < payloads.size(); ++i) payloads[i] = std::to_string(i) + ",";
    for (const auto n : order) {
      const auto& payload = payloads[static_cast<std::size_t>(n)];
      if (r.arrive(data(n, payload)) != Receiver::Verdict::kNext) continue;
      got += payload;
      while (const auto d = r.next_stored()) got += as_text(d->payload);
    }
    std::string expected;
    for (const auto& payload : payloads) expected += payload;
    EXPECT_EQ(got, expected);
    EXPECT_FALSE(r.has_gap());
  }
}

TEST(Receiver, KnowsDuplicatesBeforeAndAfterDelivery) {
  Receiver r;
  EXPECT_EQ(r.arrive(data(1)), Receiver::Verdict::kStored);
  EXPECT_EQ(r.arrive(data(1)), Receiver::Verdict::kDuplicate);
  EXPECT_EQ(r.arrive(data(0)), Receiver::Verdict::kNext);
  EXPECT_TRUE(r.next_stored());
  EXPECT_EQ(r.arrive(data(0)), Receiver::Verdict::kDuplicate);
  EXPECT_EQ(r.arrive(data(1)), Receiver::Verdict::kDuplicate);
}

TEST(Receiver, RefusesWhatItHasNoRoomFor) {
  Receiver r;
  EXPECT_EQ(r.arrive(data(static_cast<std::int64_t>(Receiver::kMaxStored))),
            Receiver::Verdict::kStored);
  EXPECT_EQ(r.arrive(data(static_cast<std::int64_t>(Receiver::kMaxStored) + 1)),
            Receiver::Verdict::kRefused);
  EXPECT_EQ(r.arrive(data(INT64_MAX)), Receiver::Verdict::kRefused);
  const std::string big(kMaxPayload, 'x');
  std::int64_t n = 1;
  while (r.arrive(data(n, big)) == Receiver::Verdict::kStored) ++n;
  EXPECT_LE(static_cast<std::size_t>(n), Receiver::kMaxStoredBytes / kMaxPayload + 1);
}

TEST(Stream, AcknowledgesDuplicatesAgainAndNotWhatItRefuses) {
  Stream s({kInputStreamData, kOutputStreamData, kDefaultPayload, true, false, {}},
           test::make_uuid_source(1));
  auto m = data(0);
  EXPECT_TRUE(s.receive_data(m, kStart));
  EXPECT_FALSE(s.receive_data(m, kStart));
  auto corrupt = data(1);
  corrupt.payload_digest[0] ^= 1;
  EXPECT_FALSE(s.receive_data(corrupt, kStart));
  std::size_t acknowledgements = 0;
  for (Bytes out; s.next_outgoing(out, kStart); out.clear()) {
    const auto a = parse_agent_message(out);
    ASSERT_TRUE(a);
    EXPECT_EQ(a->flags, kFlagSyn | kFlagFin);
    EXPECT_EQ(a->sequence_number, 0);
    EXPECT_TRUE(digest_matches(*a));
    EXPECT_EQ(parse_acknowledge(a->payload)->sequence_number, 0);
    ++acknowledgements;
  }
  EXPECT_EQ(acknowledgements, 2U);
}

TEST(Stream, BoundsAcknowledgementsThatNobodyFetches) {
  Stream s({kInputStreamData, kOutputStreamData, kDefaultPayload, true, false, {}},
           test::make_uuid_source(1));
  for (std::int64_t n = 0; n < 10000; ++n) (void)s.receive_data(data(n), kStart);
  std::size_t acknowledgements = 0;
  for (Bytes out; s.next_outgoing(out, kStart); out.clear()) ++acknowledgements;
  EXPECT_EQ(acknowledgements, Stream::kMaxAcknowledges);
}

}  // namespace
}  // namespace passport::wire::ssm
