// Both halves of a data channel against each other: handshake, traps of the real agent, faults.
#include <gtest/gtest.h>

#include "tests/support/channel_pair.h"

namespace passport::wire::ssm {
namespace {

using namespace std::chrono_literals;
using test::ChannelPair;
using test::random_text;
using State = ClientChannel::State;

bool open(const ChannelPair& p) {
  return p.client.state() == State::kOpen;
}

TEST(Channel, SendsNothingBeforeTheHandshakeIsComplete) {
  ChannelPair p({.agent = {}, .port_delay = 5ms});
  Outgoing out;
  ASSERT_TRUE(p.client.next_outgoing(out, p.now));
  EXPECT_TRUE(out.text);
  EXPECT_EQ(p.client.send(as_bytes("SSH-2.0-x\r\n"), p.now), 0U);
  EXPECT_FALSE(p.client.next_outgoing(out, p.now));
  ASSERT_TRUE(p.run(1s, [&] { return open(p); }));
  EXPECT_EQ(p.client.agent_version(), "3.3.987.0");
}

TEST(Channel, KeepsFirstBytesThatTheAgentWouldThrowAway) {
  // The agent acknowledges and discards for 50 ms after HandshakeComplete.
  ChannelPair p({.agent = {.complete_lag = 50ms}, .port_delay = 60ms});
  p.upload("SSH-2.0-client\r\n");
  p.download("SSH-2.0-server\r\n");
  ASSERT_TRUE(
      p.run(5s, [&] { return p.uploaded().size() == 16 && p.downloaded().size() == 16; }));
  EXPECT_EQ(p.uploaded(), "SSH-2.0-client\r\n");
}

TEST(Channel, ServesClientSpeaksFirstAfterTheHold) {
  ChannelPair p({.agent = {.complete_lag = 100ms}, .port_echoes = true});
  const auto start = p.now;
  p.upload("GET / HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(p.run(5s, [&] { return p.downloaded().size() == 18; }));
  EXPECT_LE(p.now - start, 400ms);
}

TEST(Channel, EveryByteValuePassesAsItsOwnWrite) {
  ChannelPair p({.port_echoes = true});
  p.max_stdin_piece = 1;
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  all += std::string(50, '\n');
  p.upload(all);
  ASSERT_TRUE(p.run(60s, [&] { return p.downloaded().size() == all.size(); }));
  EXPECT_EQ(p.uploaded(), all);
  EXPECT_EQ(p.downloaded(), all);
}

struct FaultCase {
  const char* name;
  test::Faults faults;
};

class ChannelUnderFaults : public testing::TestWithParam<FaultCase> {};

TEST_P(ChannelUnderFaults, LosesNothingEitherWay) {
  for (const auto seed : test::seeds(5)) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    ChannelPair p({.seed = seed, .up = GetParam().faults, .down = GetParam().faults});
    const auto up = random_text(300000, seed);
    const auto down = random_text(200000, seed + 1);
    p.upload(up);
    p.download(down);
    ASSERT_TRUE(p.run(10min,
                      [&] {
                        return p.uploaded().size() >= up.size() &&
                               p.downloaded().size() >= down.size();
                      }))
        << p.uploaded().size() << " up, " << p.downloaded().size() << " down"
        << (p.client_error ? p.client_error->detail : "");
    EXPECT_TRUE(p.uploaded() == up);
    EXPECT_TRUE(p.downloaded() == down);
    EXPECT_FALSE(p.client_error);
  }
}

/// The agent does not check digests, so corruption of what goes up is not for the channel to
/// cure.
TEST(Channel, ACorruptPayloadFromTheAgentIsSentAgain) {
  for (const auto seed : test::seeds(5)) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    ChannelPair p(
        {.seed = seed, .down = {.corrupt = 0.05, .delay_min = 1ms, .delay_max = 3ms}});
    const auto down = random_text(200000, seed);
    p.download(down);
    ASSERT_TRUE(p.run(10min, [&] { return p.downloaded().size() >= down.size(); }));
    EXPECT_TRUE(p.downloaded() == down);
    EXPECT_GT(p.client.counters().refused, 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Faults, ChannelUnderFaults,
    testing::Values(FaultCase{"none", {}},
                    FaultCase{"delay", {.delay_min = 10ms, .delay_max = 300ms}},
                    FaultCase{"drop", {.drop = 0.02, .delay_min = 1ms, .delay_max = 2ms}},
                    FaultCase{"duplicate", {.duplicate = 0.3, .delay_max = 5ms}},
                    FaultCase{"all", {.drop = 0.05, .duplicate = 0.05, .delay_max = 300ms}},
                    FaultCase{"heavy", {.drop = 0.3, .duplicate = 0.2, .delay_max = 20ms}}),
    [](const auto& c) { return c.param.name; });

TEST(Channel, SurvivesCutsWithoutLoss) {
  for (const auto seed : test::seeds(5)) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    ChannelPair p({.seed = seed,
                   .up = {.delay_min = 5ms, .delay_max = 9ms},
                   .down = {.delay_min = 5ms, .delay_max = 9ms}});
    const auto up = random_text(2000000, seed);
    const auto down = random_text(500000, seed + 1);
    p.upload(up);
    p.download(down);
    const auto all = [&] {
      return p.uploaded().size() >= up.size() && p.downloaded().size() >= down.size();
    };
    for (int i = 0; i < 100 && !p.run(37ms, all); ++i) p.cut();
    ASSERT_TRUE(p.run(1min, all));
    EXPECT_TRUE(p.uploaded() == up);
    EXPECT_TRUE(p.downloaded() == down);
  }
}

TEST(Channel, ACutIsMadeGoodWithinOneRoundTrip) {
  ChannelPair p({.up = {.delay_min = 5ms, .delay_max = 5ms},
                 .down = {.delay_min = 5ms, .delay_max = 5ms}});
  const auto up = random_text(60000, 3);
  ASSERT_TRUE(p.run(5s, [&] { return open(p); }));
  p.upload(up);
  p.download("x");
  ASSERT_TRUE(p.run(1s, [&] { return p.downloaded() == "x"; }));
  p.run(1ms, [] { return false; });
  p.cut();
  const auto start = p.now;
  ASSERT_TRUE(p.run(5s, [&] { return p.uploaded() == up; }));
  EXPECT_LE(p.now - start, 20ms);
}

// Over several runs: whether the first window is taken for lost is chance.
TEST(Channel, FewMessagesAreSentTwiceOnAJitteryPath) {
  std::uint64_t sent = 0;
  std::uint64_t resent = 0;
  const auto up = random_text(6000000, 9);
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    ChannelPair p({.seed = seed,
                   .up = {.delay_min = 50ms, .delay_max = 250ms},
                   .down = {.delay_min = 50ms, .delay_max = 250ms}});
    p.upload(up);
    p.download("hello");
    ASSERT_TRUE(p.run(10min, [&] { return p.uploaded().size() == up.size(); }));
    sent += p.client.counters().sent;
    resent += p.client.counters().resent;
  }
  EXPECT_LE(static_cast<double>(resent), 0.02 * static_cast<double>(sent))
      << resent << " of " << sent;
}

TEST(Channel, LossDoesNotMakeItSlow) {
  const test::Faults faults = {
      .drop = 0.02, .duplicate = 0.02, .delay_min = 0ms, .delay_max = 50ms};
  for (const auto seed : test::seeds(2)) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    ChannelPair p({.seed = seed, .up = faults, .down = faults});
    const auto up = random_text(4 << 20, seed);
    p.upload(up);
    p.download("hello");
    // 15 s when each loss halved the window and what came late was taken for lost.
    EXPECT_TRUE(p.run(5s, [&] { return p.uploaded().size() == up.size(); }))
        << p.uploaded().size();
    const auto c = p.client.counters();
    EXPECT_LE(static_cast<double>(c.resent), 0.1 * static_cast<double>(c.sent))
        << c.resent << " of " << c.sent;
  }
}

TEST(Channel, PauseStopsAllButAcknowledgements) {
  ChannelPair p({.up = {.delay_min = 1ms, .delay_max = 1ms},
                 .down = {.delay_min = 1ms, .delay_max = 1ms}});
  p.download("hello");
  ASSERT_TRUE(p.run(1s, [&] { return p.downloaded() == "hello"; }));
  const auto up = random_text(500000, 4);
  AgentMessage pause;
  pause.message_type = kPausePublication;
  pause.payload_digest = compute_digest({});
  WebSocketMessage frame;
  serialize_agent_message(pause, frame.bytes);
  p.to_client(frame);
  const auto before = p.frames_up;
  p.upload(up);
  EXPECT_FALSE(p.run(60s, [&] { return !p.uploaded().empty(); }));
  EXPECT_EQ(p.frames_up, before);
  EXPECT_TRUE(p.client.paused());
  AgentMessage start;
  start.message_type = kStartPublication;
  start.payload_digest = pause.payload_digest;
  frame.bytes.clear();
  serialize_agent_message(start, frame.bytes);
  p.to_client(frame);
  ASSERT_TRUE(p.run(60s, [&] { return p.uploaded().size() == up.size(); }));
  EXPECT_TRUE(p.uploaded() == up);
}

TEST(Channel, ALostStartPublicationDoesNotStopItForEver) {
  ChannelPair p({});
  ASSERT_TRUE(p.run(1s, [&] { return open(p); }));
  AgentMessage pause;
  pause.message_type = kPausePublication;
  pause.payload_digest = compute_digest({});
  WebSocketMessage frame;
  serialize_agent_message(pause, frame.bytes);
  p.to_client(frame);
  p.upload("held");
  EXPECT_FALSE(p.run(5s, [&] { return !p.uploaded().empty(); }));
  p.download("the server is alive");
  EXPECT_TRUE(p.run(5s, [&] { return p.uploaded() == "held"; }));
}

TEST(Channel, ANewConnectionIsNotPaused) {
  ChannelPair p({});
  ASSERT_TRUE(p.run(1s, [&] { return open(p); }));
  AgentMessage pause;
  pause.message_type = kPausePublication;
  pause.payload_digest = compute_digest({});
  WebSocketMessage frame;
  serialize_agent_message(pause, frame.bytes);
  p.to_client(frame);
  p.upload("held");
  p.cut();
  EXPECT_TRUE(p.run(5s, [&] { return p.uploaded() == "held"; }));
}

TEST(Channel, StallLastsAsLongAsThePeerAndNoLonger) {
  ChannelPair p({.up = {.delay_min = 2ms, .delay_max = 2ms},
                 .down = {.delay_min = 2ms, .delay_max = 2ms}});
  p.download("hello");
  ASSERT_TRUE(p.run(1s, [&] { return p.downloaded() == "hello"; }));
  const auto up = random_text(3000000, 5);
  p.upload(up);
  p.run(20ms, [] { return false; });
  p.block_down(true);  // acknowledgements are lost for five minutes
  EXPECT_FALSE(p.run(5min, [&] { return p.client_error.has_value(); }));
  p.block_down(false);
  const auto start = p.now;
  ASSERT_TRUE(
      p.run(1min, [&] { return p.uploaded().size() == up.size() && p.client.drained(); }));
  EXPECT_LE(p.now - start, RoundTrip::kMaxTimeout + 2s);
  EXPECT_TRUE(p.uploaded() == up);
}

TEST(Channel, MemoryIsBoundedWhenNothingIsAcknowledged) {
  ChannelPair p({});
  p.download("hello");
  ASSERT_TRUE(p.run(1s, [&] { return p.downloaded() == "hello"; }));
  p.block_up(true);
  std::size_t taken = 0;
  const auto block = random_text(65536, 6);
  for (int i = 0; i < 1000; ++i) {
    taken += p.client.send(as_bytes(block), p.now);
    p.run(10ms, [] { return false; });
  }
  EXPECT_LE(taken, SendWindow::kMax);
}

TEST(Channel, FinishDrainsAndTerminateEndsBothHalves) {
  ChannelPair p({.up = {.delay_min = 3ms, .delay_max = 3ms},
                 .down = {.delay_min = 3ms, .delay_max = 3ms}});
  p.download("hello");
  p.upload("last words");
  ASSERT_TRUE(p.run(1s, [&] { return p.uploaded() == "last words"; }));
  p.client.finish(p.now);
  EXPECT_EQ(p.client.send(as_bytes("late"), p.now), 0U);
  p.download("answer after the end of input");
  ASSERT_TRUE(p.run(1s, [&] { return p.client.drained() && p.downloaded().size() > 5; }));
  p.client.terminate(p.now);
  ASSERT_TRUE(p.run(5s, [&] { return p.client.state() == State::kClosed; }));
  EXPECT_TRUE(p.agent.terminated_by_client());
}

TEST(Channel, TerminateIsBoundedWhenTheAgentIsGone) {
  ChannelPair p({});
  ASSERT_TRUE(p.run(1s, [&] { return open(p); }));
  p.block_up(true);
  const auto start = p.now;
  p.client.terminate(p.now);
  ASSERT_TRUE(p.run(5s, [&] { return p.client.state() == State::kClosed; }));
  EXPECT_LE(p.now - start, 2s);
}

TEST(Channel, OldAgentsAreNotSentAFlagThatTheyWouldTakeForData) {
  ChannelPair p({.agent = {.agent_version = "2.3.700.0"}});
  ASSERT_TRUE(p.run(1s, [&] { return open(p); }));
  p.client.terminate(p.now);
  EXPECT_EQ(p.client.state(), State::kClosed);
  EXPECT_FALSE(p.agent.terminated_by_client());
}

TEST(Channel, AnAgentThatNeverAttachesTimesOut) {
  ChannelPair p({});
  p.block_down(true);
  const auto start = p.now;
  EXPECT_FALSE(p.run(60s, [&] { return open(p); }));
  ASSERT_TRUE(p.client_error);
  EXPECT_EQ(p.client_error->code, Errc::kTimeout);
  EXPECT_EQ(p.now - start, 30s);
}

TEST(Channel, ARefusedPortIsNoticed) {
  ChannelPair p({.port_refuses = true});
  p.upload("SSH-2.0-client\r\n");
  const auto start = p.now;
  EXPECT_FALSE(p.run(60s, [&] { return false; }));
  ASSERT_TRUE(p.client_error);
  EXPECT_EQ(p.client_error->code, Errc::kUnavailable);
  EXPECT_LE(p.now - start, 11s);
}

TEST(Channel, AnotherSessionTypeIsRefused) {
  for (const bool handshake : {true, false}) {
    SCOPED_TRACE(handshake);
    ChannelPair p(
        {.agent = {.session_type = "Standard_Stream", .always_handshake = handshake}});
    p.download("$ ");
    EXPECT_FALSE(p.run(5s, [&] { return open(p); }));
    ASSERT_TRUE(p.client_error);
    EXPECT_EQ(p.client_error->code, Errc::kProtocol);
    EXPECT_EQ(p.downloaded(), "");
  }
}

TEST(Channel, ThePortsEndFlushesWhatWasSaid) {
  ChannelPair p({.down = {.drop = 0.1, .delay_max = 20ms}});
  const auto down = random_text(20000, 8);
  p.download(down);
  p.run(1s, [&] { return p.agent.counters().sent > 14; });
  p.agent.port_closed(p.now);
  ASSERT_TRUE(p.run(5s, [&] { return p.agent.state() == AgentChannel::State::kClosed; }));
  EXPECT_TRUE(p.downloaded() == down);
}

TEST(Channel, OnlyOutputReachesTheStream) {
  for (std::uint32_t type = 0; type < 256; ++type) {
    SCOPED_TRACE(testing::Message() << "payload type " << type);
    ChannelPair p({});
    ASSERT_TRUE(p.run(1s, [&] { return open(p); }));
    AgentMessage m;
    m.message_type = kOutputStreamData;
    m.sequence_number = 2;
    m.payload_type = type;
    m.payload = as_bytes("\x1b[2J");
    m.payload_digest = compute_digest(m.payload);
    WebSocketMessage frame;
    serialize_agent_message(m, frame.bytes);
    p.to_client(frame);
    EXPECT_EQ(as_text(p.client.readable()), type == 1 ? "\x1b[2J" : "");
  }
}

TEST(Channel, TheServicesLastWordsAreKeptApart) {
  ChannelPair p({});
  p.download("data");
  ASSERT_TRUE(p.run(1s, [&] { return p.downloaded() == "data"; }));
  const auto payload = serialize_channel_closed({"s-1", "session ended \x1b[31m"}, "id", 0);
  AgentMessage m;
  m.message_type = kChannelClosed;
  m.payload = as_bytes(payload);
  m.payload_digest = compute_digest(m.payload);
  WebSocketMessage frame;
  serialize_agent_message(m, frame.bytes);
  p.to_client(frame);
  EXPECT_EQ(p.client.state(), State::kClosed);
  EXPECT_EQ(p.client.service_words(), "session ended \x1b[31m");
  EXPECT_TRUE(p.client.readable().empty());
  EXPECT_FALSE(p.client.truncated());
}

TEST(Channel, AChallengeWithoutEncryptionEndsTheSession) {
  ChannelPair p({});
  ASSERT_TRUE(p.run(1s, [&] { return open(p); }));
  AgentMessage m;
  m.message_type = kOutputStreamData;
  m.sequence_number = 2;
  m.payload_type = static_cast<std::uint32_t>(PayloadType::kEncChallengeRequest);
  m.payload = as_bytes("{\"Challenge\":\"AAAA\"}");
  m.payload_digest = compute_digest(m.payload);
  WebSocketMessage frame;
  serialize_agent_message(m, frame.bytes);
  p.to_client(frame);
  ASSERT_TRUE(p.client_error);
  EXPECT_EQ(p.client_error->code, Errc::kProtocol);
}

TEST(Channel, MalformedFramesAreDroppedUntilThereAreTooManyInARow) {
  ChannelPair clean({});
  ASSERT_TRUE(clean.run(1s, [&] { return open(clean); }));
  AgentMessage m;
  m.message_type = kOutputStreamData;
  m.sequence_number = 2;
  m.payload_type = 1;
  m.payload = as_bytes("payload");
  m.payload_digest = compute_digest(m.payload);
  Bytes good;
  serialize_agent_message(m, good);
  for (std::size_t n = 0; n < good.size(); ++n) {
    ChannelPair p({});
    ASSERT_TRUE(p.run(1s, [&] { return open(p); }));
    const WebSocketMessage cut{
        false, Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n))};
    for (unsigned i = 0; i < ClientChannel::kMaxMalformed; ++i) p.to_client(cut);
    p.to_client({false, good});
    for (unsigned i = 0; i < ClientChannel::kMaxMalformed; ++i) p.to_client(cut);
    ASSERT_FALSE(p.client_error) << "prefix of " << n;
    EXPECT_EQ(as_text(p.client.readable()), "payload");
    p.to_client(cut);
    ASSERT_TRUE(p.client_error) << "prefix of " << n;
    EXPECT_EQ(p.client_error->code, Errc::kProtocol);
  }
}

}  // namespace
}  // namespace passport::wire::ssm
