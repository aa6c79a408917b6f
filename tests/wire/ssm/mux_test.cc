#include "wire/ssm/mux.h"

#include <map>
#include <random>

#include <gtest/gtest.h>

#include "tests/support/channel_pair.h"
#include "tests/support/conversation.h"
#include "wire/ssm/agent_message.h"

namespace passport::wire::ssm {
namespace {

using namespace std::chrono_literals;
using test::decode_hex;
using Role = Mux::Role;

constexpr Time kNow = Time{} + 1h;

Bytes take_all(Mux& mux) {
  Bytes out;
  mux.next_outgoing(std::numeric_limits<std::size_t>::max(), out);
  return out;
}

void pass(Mux& from, Mux& to, Time now = kNow) {
  const auto received = to.receive(take_all(from), now);
  ASSERT_TRUE(received) << received.error().detail;
}

/// Gives as much as the stream takes, as often as it takes it.
void send_text(Mux& from, Mux& to, Mux::StreamId id, std::string_view text, Time now = kNow) {
  while (!text.empty()) {
    const auto n = std::min(text.size(), from.room(id));
    ASSERT_GT(n, 0U);
    from.send(id, as_bytes(text.substr(0, n)));
    text.remove_prefix(n);
    pass(from, to, now);
  }
}

std::string take_text(Mux& mux, Mux::StreamId id, Time now = kNow) {
  std::string text;
  while (!mux.readable(id).empty()) {
    const auto n = mux.readable(id).size();
    text += as_text(mux.readable(id));
    mux.consume(id, n, now);
  }
  return text;
}

/// A client and a server with one stream open.
struct MuxPair : testing::Test {
  Mux client{Role::kClient};
  Mux server{Role::kServer};
  Mux::StreamId id = client.open().value();
  MuxPair() { pass(client, server); }
};

TEST(Mux, WritesTheFramesOfTheVendoredLibrary) {
  Mux mux(Role::kClient);
  const auto id = mux.open().value();
  EXPECT_EQ(id, 3U);
  mux.send(id, as_bytes("GET"));
  mux.finish(id);
  mux.keep_alive();
  // The keep-alive and the opening wait for nobody's turn.
  EXPECT_EQ(take_all(mux), decode_hex("0100000003000000"
                                      "0103000000000000"
                                      "0102030003000000474554"
                                      "0101000003000000"));
  EXPECT_EQ(mux.open().value(), 5U);
}

TEST(Mux, ReadsWhatThePluginAndTheAgentSaidToEachOther) {
  Mux server(Role::kServer);
  Mux client(Role::kClient);
  ASSERT_EQ(client.open().value(), 3U);
  ASSERT_EQ(client.open().value(), 5U);
  std::map<std::int64_t, Bytes> up;
  std::map<std::int64_t, Bytes> down;
  for (const auto& frame : test::load_conversation("port-forward-smux")) {
    if (frame.text || frame.payload_type != 1) continue;
    const auto m = parse_agent_message(frame.bytes);
    ASSERT_TRUE(m);
    (frame.from_client ? up : down)[frame.sequence_number] =
        Bytes(m->payload.begin(), m->payload.end());
  }
  for (const auto& [number, bytes] : up) ASSERT_TRUE(server.receive(bytes, kNow)) << number;
  for (const auto& [number, bytes] : down) ASSERT_TRUE(client.receive(bytes, kNow)) << number;
  ASSERT_TRUE(server.is_open(3));
  EXPECT_TRUE(as_text(server.readable(3)).starts_with("GET ")) << as_text(server.readable(3));
  EXPECT_TRUE(as_text(client.readable(3)).starts_with("HTTP/1."))
      << as_text(client.readable(3));
}

TEST_F(MuxPair, CarriesBytesBothWaysAndEndsEachDirectionByItself) {
  EXPECT_EQ(server.take_opened(), std::vector<Mux::StreamId>{id});
  EXPECT_TRUE(server.take_changed().empty());
  client.send(id, as_bytes("question"));
  client.finish(id);
  EXPECT_EQ(client.room(id), 0U);
  pass(client, server);
  EXPECT_EQ(server.take_changed(), std::vector<Mux::StreamId>{id});
  EXPECT_TRUE(server.take_opened().empty());
  EXPECT_EQ(take_text(server, id), "question");
  EXPECT_TRUE(server.ended(id));
  server.send(id, as_bytes("answer"));
  server.finish(id);
  pass(server, client);
  EXPECT_TRUE(client.ended(id));
  EXPECT_TRUE(client.heard(id));
  EXPECT_EQ(take_text(client, id), "answer");
  client.close(id);
  EXPECT_TRUE(take_all(client).empty()) << "the end was told already";
}

TEST_F(MuxPair, AClosedStreamIsForgottenAndItsLateBytesAreDropped) {
  server.send(id, as_bytes("too late"));
  client.send(id, as_bytes("last words"));
  client.close(id);
  EXPECT_FALSE(client.is_open(id));
  pass(server, client);
  EXPECT_TRUE(client.take_changed().empty());
  EXPECT_EQ(client.unread(), 0U);
  pass(client, server);
  EXPECT_TRUE(server.ended(id));
  EXPECT_EQ(take_text(server, id), "last words");
}

TEST_F(MuxPair, AnyOpeningSplitGivesTheSame) {
  client.send(id, as_bytes("0123456789"));
  client.keep_alive();
  client.finish(id);
  const auto all = take_all(client);
  for (std::size_t at = 0; at <= all.size(); ++at) {
    Mux other(Role::kServer);
    ASSERT_TRUE(other.receive(decode_hex("0100000003000000"), kNow));
    ASSERT_TRUE(other.receive(ByteView(all).first(at), kNow)) << at;
    EXPECT_EQ(other.ended(id), at == all.size()) << "every proper prefix is incomplete: " << at;
    ASSERT_TRUE(other.receive(ByteView(all).subspan(at), kNow)) << at;
    EXPECT_EQ(take_text(other, id), "0123456789");
    EXPECT_TRUE(other.ended(id));
  }
}

TEST(Mux, RefusesWhatIsNoFrame) {
  const std::pair<const char*, Role> bad[] = {
      {"0000000003000000", Role::kServer},    // version 0
      {"0200000003000000", Role::kServer},    // smux v2
      {"0104000003000000", Role::kServer},    // its window update
      {"01ff000003000000", Role::kServer},    // no command
      {"0100010003000000ff", Role::kServer},  // data behind SYN
      {"0101010003000000ff", Role::kServer},  // behind FIN
      {"0103010000000000ff", Role::kServer},  // behind NOP
      {"0100000002000000", Role::kClient},    // the agent never opens streams
  };
  for (const auto& [hex, role] : bad) {
    Mux mux(role);
    const auto received = mux.receive(decode_hex(hex), kNow);
    ASSERT_FALSE(received) << hex;
    EXPECT_EQ(received.error().code, Errc::kProtocol);
  }
  Mux mux(Role::kServer);
  EXPECT_TRUE(mux.receive(decode_hex("0102000007000000"      // no data: of no stream
                                     "01020200070000006162"  // data of no stream
                                     "0101000007000000"      // end of no stream
                                     "01000000030000000100000003000000"),
                          kNow))
      << "the real one passes over these";
  EXPECT_EQ(mux.streams(), 1U);
}

TEST(Mux, OpensNoMoreThanItMayAndUsesNoIdTwice) {
  Mux last(Role::kClient, 0xfffffffb);
  EXPECT_EQ(last.open().value(), 0xfffffffdU);
  EXPECT_EQ(last.open().value(), 0xffffffffU);
  EXPECT_EQ(last.open().error().code, Errc::kUnavailable);

  Mux client(Role::kClient);
  Mux server(Role::kServer);
  for (std::size_t i = 0; i < Mux::kMaxStreams; ++i) ASSERT_TRUE(client.open());
  EXPECT_EQ(client.open().error().code, Errc::kUnavailable);
  pass(client, server);
  EXPECT_EQ(server.receive(decode_hex("01000000ffff0000"), kNow).error().code, Errc::kProtocol);
}

TEST(Mux, StreamsTakeTurnsInFramesOfBoundedSize) {
  Mux mux(Role::kClient);
  const auto a = mux.open().value();
  const auto b = mux.open().value();
  take_all(mux);
  mux.send(a, Bytes(mux.room(a), 'a'));
  EXPECT_EQ(mux.room(a), 0U);
  mux.send(b, as_bytes("b"));
  Bytes out;
  mux.next_outgoing(100, out);
  EXPECT_EQ(out.size(), 100U);
  EXPECT_EQ(mux.room(a), Mux::kMaxFrame) << "its frame is under way";
  mux.send(a, Bytes(10, 'A'));
  mux.next_outgoing(1 << 20, out);
  Mux server(Role::kServer);
  ASSERT_TRUE(server.receive(decode_hex("01000000030000000100000005000000"), kNow));
  const std::size_t first_two = 2 * Mux::kHeaderSize + Mux::kMaxFrame + 1;
  ASSERT_TRUE(server.receive(ByteView(out).first(first_two), kNow));
  EXPECT_EQ(server.readable(a).size(), Mux::kMaxFrame);
  EXPECT_EQ(as_text(server.readable(b)), "b") << "before the second frame of the other";
}

TEST_F(MuxPair, ASlowReaderThatIsAloneHoldsTheChannelAndIsNeverClosed) {
  const auto text = test::random_text(Mux::kCrowded, 1);
  EXPECT_TRUE(client.takes_more());
  send_text(server, client, id, text);
  EXPECT_FALSE(client.takes_more());
  EXPECT_FALSE(client.find_overflowing(kNow + 1h));
  client.consume(id, 1, kNow);
  EXPECT_TRUE(client.takes_more());
}

TEST_F(MuxPair, AStalledReaderBesideAnotherIsClosedAloneAtItsBound) {
  const auto other = client.open().value();
  pass(client, server);
  const auto text = test::random_text(1 << 20, 1);
  for (std::size_t sent = 0; sent < Mux::kMaxUnread; sent += text.size()) {
    EXPECT_TRUE(client.takes_more()) << "the other one is not held up at " << sent;
    EXPECT_FALSE(client.find_overflowing(kNow + 1h));
    send_text(server, client, id, text);
  }
  EXPECT_FALSE(client.takes_more());
  EXPECT_FALSE(client.find_overflowing(kNow + Mux::kStallAfter / 2)) << "it may still move";
  EXPECT_EQ(client.find_overflowing(kNow + Mux::kStallAfter), id);
  client.close(id);
  EXPECT_TRUE(client.takes_more());
  EXPECT_TRUE(client.is_open(other));
}

TEST_F(MuxPair, AReaderThatMovesSlowsTheOthersInsteadOfBeingClosed) {
  ASSERT_TRUE(client.open());
  pass(client, server);
  const auto text = test::random_text(Mux::kMaxUnread + 3 * Mux::kLeastMove, 1);
  send_text(server, client, id, text);
  auto now = kNow;
  for (int i = 0; i < 3; ++i) {
    now += Mux::kStallAfter - 1ms;
    client.consume(id, Mux::kLeastMove, now);
    EXPECT_FALSE(client.find_overflowing(now + Mux::kStallAfter - 1ms));
  }
  EXPECT_EQ(client.find_overflowing(now + Mux::kStallAfter), id);
  client.consume(id, 1, now);
  EXPECT_TRUE(client.takes_more()) << "below its bound";
}

TEST(Mux, ManySmallBacklogsCountTogether) {
  Mux client(Role::kClient);
  Mux server(Role::kServer);
  const auto text = test::random_text(Mux::kCrowded - 1, 1);
  std::vector<Mux::StreamId> ids;
  while (client.unread() < Mux::kMaxUnreadTotal) {
    ids.push_back(client.open().value());
    pass(client, server);
    ASSERT_TRUE(client.takes_more());
    send_text(server, client, ids.back(), text);
  }
  EXPECT_FALSE(client.takes_more());
  EXPECT_TRUE(client.find_overflowing(kNow + Mux::kStallAfter));
}

TEST_F(MuxPair, TellsWhoCanSendAgain) {
  client.send(id, Bytes(Mux::kMaxFrame, 'x'));
  EXPECT_TRUE(client.take_changed().empty());
  EXPECT_FALSE(client.sent_all(id));
  Bytes out;
  client.next_outgoing(1, out);
  EXPECT_EQ(client.take_changed(), std::vector<Mux::StreamId>{id});
  EXPECT_TRUE(client.sent_all(id));
}

/// Random streams, pieces, rooms and ends: each stream brings exactly its bytes, then its end.
TEST(Mux, CarriesRandomStreamsWhateverTheSplits) {
  for (const auto seed : test::seeds(5)) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    Mux client(Role::kClient);
    Mux server(Role::kServer);
    std::map<Mux::StreamId, std::string> sent;
    std::map<Mux::StreamId, std::string> got;
    Bytes way;
    for (int i = 0; i < 3000; ++i) {
      if (sent.size() < 40 && random() % 50 == 0) sent[client.open().value()];
      if (!sent.empty()) {
        auto& [id, text] = *std::next(sent.begin(), static_cast<int>(random() % sent.size()));
        const auto piece = test::random_text(
            std::min<std::size_t>(random() % 4000, client.room(id)), random());
        client.send(id, as_bytes(piece));
        text += piece;
        if (random() % 100 == 0) client.finish(id);
      }
      client.next_outgoing(random() % 3000, way);
      const auto n = std::min<std::size_t>(random() % 3000, way.size());
      ASSERT_TRUE(server.receive(ByteView(way).first(n), kNow));
      way.erase(way.begin(), way.begin() + static_cast<std::ptrdiff_t>(n));
      for (const auto id : server.take_changed()) got[id] += take_text(server, id);
    }
    for (const auto& [id, text] : sent) client.finish(id);
    append(way, take_all(client));
    ASSERT_TRUE(server.receive(way, kNow));
    for (const auto id : server.take_changed()) got[id] += take_text(server, id);
    EXPECT_TRUE(got == sent);
    for (const auto& [id, text] : sent) EXPECT_TRUE(server.ended(id));
    EXPECT_EQ(server.unread(), 0U);
  }
}

TEST(Mux, RandomBytesAreRefusedOrHarmless) {
  for (const auto seed : test::seeds(20)) {
    std::mt19937_64 random(seed);
    Mux mux(Role::kServer);
    for (int i = 0; i < 2000; ++i) {
      auto header = Bytes{1, static_cast<std::uint8_t>(random() % 4), 0, 0, 0, 0, 0, 0};
      header[4] = static_cast<std::uint8_t>(random() % 8);
      if (header[1] == 2) header[3] = static_cast<std::uint8_t>(random() % 16);
      if (random() % 500 == 0) header[random() % 8] ^= static_cast<std::uint8_t>(random());
      append(header, as_bytes(test::random_text(header[1] == 2 ? header[3] << 8U : 0, i)));
      if (!mux.receive(header, kNow)) break;
      for (const auto id : mux.take_changed()) {
        mux.consume(id, mux.readable(id).size() / 2, kNow);
        if (random() % 10 == 0) mux.close(id);
      }
      EXPECT_LE(mux.streams(), 256U);
      Bytes out;
      mux.next_outgoing(1000, out);
    }
  }
}

}  // namespace
}  // namespace passport::wire::ssm
