// Encrypted sessions: the cipher against another implementation's vectors, and both halves of
// a channel that agree on a key.
#include "wire/ssm/encryption.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/support/channel_pair.h"

namespace passport::wire::ssm {
namespace {

using namespace std::chrono_literals;
using test::ChannelPair;
using test::random_text;
using End = PayloadCipher::End;
using State = ClientChannel::State;

constexpr std::string_view kKey = "1234abcd-12ab-34cd-56ef-1234567890ab";
constexpr PayloadCipher::Nonce kFirst = {0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa,
                                         0xf9, 0xf8, 0xf7, 0xf6, 0xf5, 0xf4};

Secret counting_key() {
  std::string key;
  for (char c = 0; c < static_cast<char>(kDataKeySize); ++c) key += c;
  return Secret(std::move(key));
}

PayloadCipher make(End end, const PayloadCipher::Nonce& first = kFirst) {
  return std::move(*PayloadCipher::make(counting_key(), end, first));
}

/// Made with python3-cryptography's AESGCM, the key the bytes 0 to 63.
TEST(PayloadCipher, WritesWhatAnotherImplementationWrites) {
  constexpr std::string_view kBanner = "SSH-2.0-OpenSSH_9.2p1\r\n";
  const auto written = [](End end, std::string_view plain) {
    Bytes out;
    make(end).encrypt(as_bytes(plain), out);
    return encode_hex(out);
  };
  EXPECT_EQ(
      written(End::kAgent, kBanner),
      "fffefdfcfbfaf9f8f7f6f5f425bd47a0da185baa28b98bd7f992dd84a051755d47fa7637a9e0743355b7"
      "d3b5385e5d12a289ef");
  EXPECT_EQ(
      written(End::kClient, kBanner),
      "fffefdfcfbfaf9f8f7f6f5f41bbffa74e2b68644bab9dbeff27def7286077566ed241c36dd05b0914840"
      "99ecae171cac5e8938");
  EXPECT_EQ(written(End::kAgent, ""),
            "fffefdfcfbfaf9f8f7f6f5f4edcdb0cc84bbbf3339229a43699b5929");
}

TEST(PayloadCipher, NoNonceComesTwice) {
  auto cipher = make(End::kClient);
  Bytes one;
  Bytes two;
  cipher.encrypt(as_bytes("a"), one);
  cipher.encrypt(as_bytes("a"), two);
  EXPECT_EQ(encode_hex(one).substr(0, 24), "fffefdfcfbfaf9f8f7f6f5f4");
  EXPECT_EQ(encode_hex(two).substr(0, 24), "00fffdfcfbfaf9f8f7f6f5f4");
}

TEST(PayloadCipher, ReadsWhatTheOtherEndWrote) {
  auto client = make(End::kClient);
  auto agent = make(End::kAgent);
  for (const std::size_t size : {0UL, 1UL, 1508UL, kMaxPayload - kEncryptionOverhead}) {
    const auto plain = random_text(size, size);
    Bytes encrypted;
    Bytes decrypted;
    client.encrypt(as_bytes(plain), encrypted);
    EXPECT_EQ(encrypted.size(), size + kEncryptionOverhead);
    ASSERT_TRUE(agent.decrypt(encrypted, decrypted));
    EXPECT_TRUE(as_text(decrypted) == plain);
    EXPECT_FALSE(client.decrypt(encrypted, decrypted));  // its own, sent back to it
    EXPECT_TRUE(decrypted.empty());
  }
}

TEST(PayloadCipher, RefusesEveryOtherLengthAndEveryFlippedBit) {
  auto client = make(End::kClient);
  auto agent = make(End::kAgent);
  Bytes whole;
  Bytes plain;
  client.encrypt(as_bytes("abc"), whole);
  for (std::size_t n = 0; n < whole.size(); ++n)
    EXPECT_FALSE(agent.decrypt(ByteView(whole).first(n), plain)) << n;
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    auto flipped = whole;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_FALSE(agent.decrypt(flipped, plain)) << bit;
  }
  whole.push_back(0);
  EXPECT_FALSE(agent.decrypt(whole, plain));
}

TEST(PayloadCipher, WantsAWholeDataKey) {
  for (const std::size_t size : {0UL, 32UL, 63UL, 65UL}) {
    const auto made = PayloadCipher::make(Secret(std::string(size, 'k')), End::kClient, kFirst);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Errc::kMalformed);
  }
}

TEST(KmsKey, IsTheSameOnlyWhenItsNamesAgree) {
  const std::string id(kKey);
  const auto arn = "arn:aws:kms:eu-west-1:123456789012:key/" + id;
  const std::string alias_arn = "arn:aws:kms:eu-west-1:123456789012:alias/shells";
  EXPECT_TRUE(is_same_key(id, id));
  EXPECT_TRUE(is_same_key(id, arn));
  EXPECT_TRUE(is_same_key(arn, id));
  EXPECT_TRUE(is_same_key(arn, arn));
  EXPECT_TRUE(is_same_key("alias/shells", alias_arn));
  EXPECT_TRUE(is_same_key(alias_arn, "alias/shells"));
  EXPECT_FALSE(is_same_key(arn, "arn:aws:kms:eu-west-2:123456789012:key/" + id));
  EXPECT_FALSE(is_same_key(arn, "arn:aws:kms:eu-west-1:210987654321:key/" + id));
  EXPECT_FALSE(is_same_key(id, "x" + id));
  EXPECT_FALSE(is_same_key(id, arn + "0"));
  EXPECT_FALSE(is_same_key("alias/shells", arn));
  EXPECT_FALSE(is_same_key("shells", alias_arn));
  EXPECT_FALSE(is_same_key("key/" + id, arn));
  EXPECT_FALSE(is_same_key("", ""));
  EXPECT_FALSE(is_same_key(id, ""));
  EXPECT_FALSE(is_same_key(id, "arn:"));
  EXPECT_FALSE(
      is_same_key("ws:kms:eu-west-1:1:key/" + id, "arn:aws:kms:eu-west-1:1:key/" + id));
}

ChannelPair::Setup encrypted_setup() {
  ChannelPair::Setup setup;
  setup.agent.kms_key_id = kKey;
  return setup;
}

bool open(const ChannelPair& p) {
  return p.client.state() == State::kOpen;
}

TEST(EncryptedChannel, CarriesAPort) {
  for (const bool challenge : {true, false}) {
    auto setup = encrypted_setup();
    setup.agent.kms_challenge = challenge;
    setup.client.expected_kms_key = kKey;
    setup.port_echoes = true;
    ChannelPair p(setup);
    const auto text = random_text(200000, 7);
    p.upload(text);
    ASSERT_TRUE(p.run(1min, [&] { return p.downloaded().size() == text.size(); }));
    EXPECT_TRUE(p.downloaded() == text);
    EXPECT_TRUE(p.client.encrypted());
    EXPECT_FALSE(p.client.key_wanted());
  }
}

TEST(EncryptedChannel, TheOwnerIsToldKeyAndChallenge) {
  auto setup = encrypted_setup();
  setup.key_delay = 1h;
  ChannelPair p(setup);
  ASSERT_TRUE(p.run(1s, [&] { return p.client.key_wanted().has_value(); }));
  EXPECT_EQ(p.client.key_wanted()->key_id, kKey);
  EXPECT_EQ(p.client.key_wanted()->challenge.size(), 24U);  // 16 bytes in base64
  // How long KMS takes is the owner's to say.
  EXPECT_FALSE(p.run(10min, [] { return false; }));
  EXPECT_FALSE(p.client_error);
  EXPECT_TRUE(p.client.key_wanted());
  EXPECT_FALSE(p.client.provide_key({Secret("short"), "AQ=="}, p.now));
}

TEST(EncryptedChannel, NothingReadableIsOnTheWire) {
  auto setup = encrypted_setup();
  ChannelPair p(setup);
  ASSERT_TRUE(p.run(1s, [&] { return open(p); }));
  p.run(1s, [] { return false; });
  ASSERT_GT(p.client.send(as_bytes("canary"), p.now), 0U);
  ASSERT_GT(p.agent.send(as_bytes("canary"), p.now), 0U);
  const auto check = [&](auto& half) {
    Outgoing out;
    bool any = false;
    while (half.next_outgoing(out, p.now)) {
      any = true;
      EXPECT_EQ(as_text(out.bytes).find("canary"), std::string_view::npos);
    }
    EXPECT_TRUE(any);
  };
  check(p.client);
  check(p.agent);
}

TEST(EncryptedChannel, WhatIsSentAgainIsTheSame) {
  auto setup = encrypted_setup();
  ChannelPair p(setup);
  p.download("x");
  ASSERT_TRUE(p.run(1s, [&] { return p.downloaded() == "x"; }));
  p.run(1s, [] { return false; });
  ASSERT_EQ(p.client.send(as_bytes("again"), p.now), 5U);
  const auto next_payload = [&] {
    Outgoing out;
    while (p.client.next_outgoing(out, p.now)) {
      const auto m = parse_agent_message(out.bytes);
      if (m && m->type() == PayloadType::kOutput) return encode_hex(m->payload);
    }
    return std::string();
  };
  const auto first = next_payload();
  ASSERT_EQ(first.size(), 2 * (5 + kEncryptionOverhead));
  p.client.resume(Secret("token"), p.now);
  EXPECT_EQ(next_payload(), first);
}

TEST(EncryptedChannel, PayloadsKeepTheirSize) {
  auto setup = encrypted_setup();
  setup.client.payload_size = 1000;
  ChannelPair p(setup);
  p.download("x");
  ASSERT_TRUE(p.run(1s, [&] { return p.downloaded() == "x"; }));
  const auto text = random_text(5000, 1);
  ASSERT_EQ(p.client.send(as_bytes(text), p.now), text.size());
  Outgoing out;
  std::size_t largest = 0;
  while (p.client.next_outgoing(out, p.now))
    largest = std::max(largest, out.bytes.size() - kAgentMessageOverhead);
  EXPECT_EQ(largest, 1000U);
}

TEST(EncryptedChannel, LosesNothingUnderFaults) {
  for (const auto seed : test::seeds(5)) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    auto setup = encrypted_setup();
    setup.seed = seed;
    setup.up =
        setup.down = {.drop = 0.05, .duplicate = 0.05, .corrupt = 0.02, .delay_max = 50ms};
    // In the handshake nothing that goes up is checked.
    setup.up.corrupt = 0;
    setup.key_delay = 700ms;
    ChannelPair p(setup);
    const auto up = random_text(300000, seed);
    const auto down = random_text(200000, seed + 1);
    p.upload(up);
    p.download(down);
    const auto all = [&] {
      return p.uploaded().size() >= up.size() && p.downloaded().size() >= down.size();
    };
    for (int i = 0; i < 10 && !p.run(200ms, all); ++i) p.cut();
    ASSERT_TRUE(p.run(10min, all)) << (p.client_error ? p.client_error->detail : "");
    EXPECT_TRUE(p.uploaded() == up);
    EXPECT_TRUE(p.downloaded() == down);
  }
}

/// The agent checks no digest, but it does check tags.
TEST(EncryptedChannel, CorruptionTowardsTheAgentIsHealed) {
  auto setup = encrypted_setup();
  ChannelPair p(setup);
  p.download("x");
  ASSERT_TRUE(p.run(1s, [&] { return p.downloaded() == "x"; }));
  ASSERT_EQ(p.client.send(as_bytes("precious"), p.now), 8U);
  Outgoing out;
  while (p.client.next_outgoing(out, p.now)) {
    if (out.bytes.size() != kAgentMessageOverhead + 8 + kEncryptionOverhead) continue;
    out.bytes.back() ^= 1;
    ASSERT_TRUE(p.agent.receive(out, p.now));
  }
  EXPECT_EQ(p.uploaded(), "");
  ASSERT_TRUE(p.run(5s, [&] { return p.uploaded() == "precious"; }));
}

TEST(EncryptedChannel, CarriesAShellWithItsErrorsAndExitCode) {
  auto setup = encrypted_setup();
  setup.client.accepts = Accepts::kShell;
  setup.client.expected_kms_key = kKey;
  setup.agent.session_type = kNonInteractiveCommands;
  ChannelPair p(setup);
  ASSERT_TRUE(p.run(1s, [&] { return open(p) && p.agent.room() > 0; }));
  p.download("out");
  ASSERT_TRUE(p.run(1s, [&] { return p.downloaded() == "out"; }));
  EXPECT_EQ(p.agent.send_errors(as_bytes("err")), 3U);
  p.agent.send_exit_code(7);
  ASSERT_TRUE(p.run(1s, [&] { return p.client.exit_code().has_value(); }));
  EXPECT_EQ(p.downloaded_errors(), "err");
  EXPECT_EQ(p.client.exit_code(), 7);
}

struct Refusal {
  const char* name;
  std::function<void(ChannelPair::Setup&)> change;
  const char* words;
};
class EncryptionRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(EncryptionRefusal, EndsTheSessionBeforeAByteIsSent) {
  auto setup = encrypted_setup();
  setup.client.expected_kms_key = kKey;
  GetParam().change(setup);
  ChannelPair p(setup);
  p.upload("secret");
  EXPECT_FALSE(p.run(5s, [&] { return open(p); }));
  ASSERT_TRUE(p.client_error);
  EXPECT_EQ(p.client_error->code, Errc::kProtocol);
  EXPECT_EQ(p.client_error->detail, GetParam().words);
  EXPECT_EQ(p.uploaded(), "");
}

INSTANTIATE_TEST_SUITE_P(
    Kms, EncryptionRefusal,
    testing::Values(
        Refusal{"none", [](auto& s) { s.agent.kms_key_id.clear(); },
                "asked for encryption with KMS key "
                "\"1234abcd-12ab-34cd-56ef-1234567890ab\", was offered none"},
        Refusal{"other", [](auto& s) { s.agent.kms_key_id = "alias/evil"; },
                "asked for encryption with KMS key "
                "\"1234abcd-12ab-34cd-56ef-1234567890ab\", was offered \"alias/evil\""},
        Refusal{"no_handshake",
                [](auto& s) {
                  s.agent.kms_key_id.clear();
                  s.agent.session_type = kStandardStream;
                  s.client.accepts = Accepts::kAny;
                },
                "asked for encryption with KMS key "
                "\"1234abcd-12ab-34cd-56ef-1234567890ab\", was offered none"},
        Refusal{"other_data_key",
                [](auto& s) { s.agent_data_key = Secret(std::string(kDataKeySize, 'z')); },
                "the agent does not hold the session's data key"}),
    [](const auto& c) { return std::string(c.param.name); });

/// A message of the agent that the digest proves to be as it was sent.
wire::WebSocketMessage make_message(std::int64_t sequence, PayloadType type, ByteView payload) {
  AgentMessage m;
  m.message_type = kOutputStreamData;
  m.sequence_number = sequence;
  m.payload_type = static_cast<std::uint32_t>(type);
  m.payload = payload;
  m.payload_digest = compute_digest(payload);
  wire::WebSocketMessage out;
  serialize_agent_message(m, out.bytes);
  return out;
}

TEST(EncryptedChannel, PlainDataAfterTheHandshakeEndsTheSession) {
  ChannelPair p(encrypted_setup());
  ASSERT_TRUE(p.run(1s, [&] { return open(p); }));
  p.to_client(
      make_message(3, PayloadType::kOutput, as_bytes("plain and long enough to be taken")));
  ASSERT_TRUE(p.client_error);
  EXPECT_EQ(p.client_error->code, Errc::kProtocol);
  EXPECT_EQ(p.client_error->detail, "the agent's data is not encrypted as agreed");
  EXPECT_EQ(p.client.readable().size(), 0U);
}

TEST(EncryptedChannel, ChallengesOutOfPlaceEndTheSession) {
  {
    ChannelPair p({});
    ASSERT_TRUE(p.run(1s, [&] { return open(p); }));
    p.to_client(make_message(2, PayloadType::kEncChallengeRequest, as_bytes("{}")));
    ASSERT_TRUE(p.client_error);
    EXPECT_EQ(p.client_error->detail,
              "the agent sent an encryption challenge without encryption");
  }
  {
    ChannelPair p(encrypted_setup());
    ASSERT_TRUE(p.run(1s, [&] { return open(p); }));
    p.to_client(make_message(3, PayloadType::kEncChallengeRequest, as_bytes("{}")));
    ASSERT_TRUE(p.client_error);
    EXPECT_EQ(p.client_error->detail, "the agent sent a second encryption challenge");
  }
}

TEST(EncryptedChannel, TheHandshakeIsNotCompleteBeforeTheChallenge) {
  auto setup = encrypted_setup();
  setup.key_delay = 1h;
  ChannelPair p(setup);
  ASSERT_TRUE(p.run(1s, [&] { return p.client.key_wanted().has_value(); }));
  p.to_client(make_message(1, PayloadType::kHandshakeComplete,
                           as_bytes(R"({"HandshakeTimeToComplete":1,"CustomerMessage":""})")));
  ASSERT_TRUE(p.client_error);
  EXPECT_EQ(p.client_error->detail, "the agent completed the handshake before its encryption");
}

}  // namespace
}  // namespace passport::wire::ssm
