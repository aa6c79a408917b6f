#include "wire/ssm/agent_message.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace passport::wire::ssm {
namespace {

/// A well-formed output_stream_data message carrying "hi", built by hand from the layout
/// table in agent_message.h so that the test does not share code with the encoder.
Bytes golden() {
  Bytes b = {0, 0, 0, 116};
  const std::string type = "output_stream_data";
  for (std::size_t i = 0; i < 32; ++i)
    b.push_back(i < type.size() ? static_cast<std::uint8_t>(type[i]) : ' ');
  b.insert(b.end(), {0, 0, 0, 1});                 // schema_version
  b.insert(b.end(), {0, 0, 1, 0x90, 0, 0, 0, 0});  // created_date
  b.insert(b.end(), {0, 0, 0, 0, 0, 0, 0, 7});     // sequence_number
  b.insert(b.end(), 8, 0);                         // flags
  for (int i = 0; i < 16; ++i) b.push_back(static_cast<std::uint8_t>(i ^ 8));  // message_id
  b.insert(b.end(), 32, 0xaa);                                                 // payload_digest
  b.insert(b.end(),
           {0, 0, 0, 1, 0, 0, 0, 2, 'h', 'i'});  // payload_type, payload_length, payload
  return b;
}

TEST(AgentMessage, ParsesEveryField) {
  const auto in = golden();
  const auto m = parse_agent_message(in);
  ASSERT_TRUE(m) << m.error().detail;
  EXPECT_EQ(m->message_type, "output_stream_data");
  EXPECT_EQ(m->schema_version, 1U);
  EXPECT_EQ(m->created_date, 0x19000000000U);
  EXPECT_EQ(m->sequence_number, 7);
  EXPECT_EQ(m->flags, 0U);
  for (std::uint8_t i = 0; i < 16; ++i) EXPECT_EQ(m->message_id[i], i);
  EXPECT_EQ(m->payload_type, 1U);
  EXPECT_EQ(as_text(m->payload), "hi");
  Bytes again;
  serialize_agent_message(*m, again);
  EXPECT_EQ(again, in);
}

TEST(AgentMessage, TrimsNulsAsWellAsSpaces) {
  auto in = golden();
  std::fill(in.begin() + 4 + 18, in.begin() + 36, std::uint8_t{0});
  const auto m = parse_agent_message(in);
  ASSERT_TRUE(m);
  EXPECT_EQ(m->message_type, "output_stream_data");
}

TEST(AgentMessage, RejectsEveryProperPrefix) {
  const auto in = golden();
  for (std::size_t n = 0; n < in.size(); ++n)
    EXPECT_FALSE(parse_agent_message(ByteView(in).first(n))) << "prefix of " << n << " bytes";
}

TEST(AgentMessage, RejectsATrailingByte) {
  auto in = golden();
  in.push_back(0);
  EXPECT_FALSE(parse_agent_message(in));
}

TEST(AgentMessage, RejectsLengthsThatDisagree) {
  for (const std::size_t at :
       {0U, 1U, 2U, 3U, 116U, 117U, 118U, 119U}) {  // header_length, payload_length
    for (const int change : {-1, 1, 0x7f, 0xff}) {
      auto in = golden();
      in[at] = static_cast<std::uint8_t>(in[at] + change);
      const auto m = parse_agent_message(in);
      ASSERT_FALSE(m) << "byte " << at << " changed by " << change;
      EXPECT_EQ(m.error().code, Errc::kMalformed);
    }
  }
}

TEST(AgentMessage, RejectsANegativeSequenceNumber) {
  auto in = golden();
  in[48] = 0x80;
  EXPECT_FALSE(parse_agent_message(in));
}

TEST(AgentMessage, AnyOneBitFlipInThePayloadFailsTheDigest) {
  AgentMessage m;
  m.message_type = kOutputStreamData;
  const Bytes payload = {'s', 'e', 'c', 'u', 'r', 'e'};
  m.payload = payload;
  m.payload_digest = compute_digest(payload);
  Bytes frame;
  serialize_agent_message(m, frame);
  for (std::size_t bit = 0; bit < payload.size() * 8; ++bit) {
    auto flipped = frame;
    flipped[kAgentMessageOverhead + bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    const auto parsed = parse_agent_message(flipped);
    ASSERT_TRUE(parsed);
    EXPECT_FALSE(digest_matches(*parsed));
  }
}

TEST(AgentMessage, OneBitFlipsAnywhereNeverCrash) {
  const auto in = golden();
  for (std::size_t bit = 0; bit < in.size() * 8; ++bit) {
    auto flipped = in;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    const auto m = parse_agent_message(flipped);
    if (m) {
      EXPECT_EQ(m->payload.size(), 2U);
    }
  }
}

TEST(Digest, IsSha256) {
  EXPECT_EQ(encode_hex(compute_digest({})),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(encode_hex(compute_digest(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(UuidText, RoundTripsAndRejects) {
  const std::string text = "0987b379-d7ab-413f-88e9-7148d0ee0431";
  const auto uuid = decode_uuid(text);
  ASSERT_TRUE(uuid);
  EXPECT_EQ((*uuid)[0], 0x09);
  EXPECT_EQ((*uuid)[15], 0x31);
  EXPECT_EQ(encode_uuid(*uuid), text);
  for (std::size_t n = 0; n < text.size(); ++n) EXPECT_FALSE(decode_uuid(text.substr(0, n)));
  EXPECT_FALSE(decode_uuid(text + "0"));
  EXPECT_FALSE(decode_uuid("0987b379-d7ab-413f-88e9-7148d0ee043g"));
  EXPECT_FALSE(decode_uuid("0987b379d-7ab-413f-88e9-7148d0ee0431"));
}

}  // namespace
}  // namespace passport::wire::ssm
