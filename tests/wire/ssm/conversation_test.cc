// Every recorded conversation parses, and is written again byte for byte.
#include "tests/support/conversation.h"

#include <gtest/gtest.h>

#include "tests/support/channel_pair.h"
#include "wire/ssm/agent_message.h"
#include "wire/ssm/payloads.h"

namespace passport::wire::ssm {
namespace {

class Conversation : public testing::TestWithParam<const char*> {};

TEST_P(Conversation, ParsesAndSerialisesByteForByte) {
  std::size_t binary = 0;
  for (const auto& frame : test::load_conversation(GetParam())) {
    if (frame.text) {
      const auto open = parse_open_data_channel(as_text(frame.bytes));
      ASSERT_TRUE(open);
      EXPECT_EQ(serialize_open_data_channel(*open), as_text(frame.bytes));
      continue;
    }
    ++binary;
    const auto m = parse_agent_message(frame.bytes);
    ASSERT_TRUE(m) << m.error().detail;
    EXPECT_EQ(m->message_type, frame.type);
    EXPECT_EQ(m->sequence_number, frame.sequence_number);
    EXPECT_EQ(m->payload_type, frame.payload_type);
    EXPECT_TRUE(digest_matches(*m));
    Bytes again;
    serialize_agent_message(*m, again);
    EXPECT_EQ(again, frame.bytes);
  }
  EXPECT_GT(binary, 5U);
}

TEST_P(Conversation, PayloadsReadAndWriteTheSame) {
  for (const auto& frame : test::load_conversation(GetParam())) {
    if (frame.text) continue;
    const auto m = parse_agent_message(frame.bytes);
    ASSERT_TRUE(m);
    const auto text = as_text(m->payload);
    if (m->message_type == kAcknowledge) {
      const auto a = parse_acknowledge(m->payload);
      ASSERT_TRUE(a) << text;
      Bytes again;
      serialize_acknowledge(*a, again);
      EXPECT_EQ(as_text(again), text);
    } else if (m->type() == PayloadType::kHandshakeRequest) {
      const auto request = parse_handshake_request(m->payload);
      ASSERT_TRUE(request) << text;
      EXPECT_EQ(request->agent_version, "3.3.0.0");
      EXPECT_EQ(request->session_type, "Port");
      EXPECT_FALSE(request->kms_encryption);  // in none of the recordings
      EXPECT_EQ(serialize_handshake_request(*request), text);
    } else if (m->type() == PayloadType::kHandshakeResponse) {
      const auto response = parse_handshake_response(m->payload);
      ASSERT_TRUE(response) << text;
      EXPECT_EQ(serialize_handshake_response(*response), text);
    } else if (m->type() == PayloadType::kFlag) {
      const auto flag = parse_flag(m->payload);
      ASSERT_TRUE(flag);
      const auto again = serialize_flag(*flag);
      EXPECT_TRUE(std::equal(again.begin(), again.end(), m->payload.begin(), m->payload.end()));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Recorded, Conversation,
                         testing::Values("port-ssh-basic", "port-ssh-kms", "port-ssh-refused",
                                         "port-forward-smux", "shell"),
                         [](const auto& c) {
                           std::string name = c.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

/// What the agent said in the recorded ssh session, given to our client half, comes out as the
/// bytes that ssh got; and our client's answers are those that a client owes.
TEST(ConversationReplay, TheClientReadsTheRecordedSshSession) {
  ClientConfig config;
  config.token = Secret("t");
  ClientChannel client(std::move(config), test::make_uuid_source(1),
                       Time{} + std::chrono::hours(1));
  const auto now = Time{} + std::chrono::hours(1);
  std::string expected;
  std::size_t sequential = 0;
  for (const auto& frame : test::load_conversation("port-ssh-basic")) {
    if (frame.from_client || frame.text) continue;
    const auto m = parse_agent_message(frame.bytes);
    ASSERT_TRUE(m);
    if (m->message_type == kOutputStreamData) {
      ++sequential;
      if (m->type() == PayloadType::kOutput) expected += as_text(m->payload);
    }
    const auto taken = client.receive({false, frame.bytes}, now);
    ASSERT_TRUE(taken) << taken.error().detail;
  }
  EXPECT_EQ(as_text(client.readable()), expected);
  EXPECT_EQ(expected.substr(0, 8), "SSH-2.0-");
  std::size_t acknowledged = 0;
  Outgoing out;
  while (client.next_outgoing(out, now)) {
    if (out.text) continue;
    const auto m = parse_agent_message(out.bytes);
    ASSERT_TRUE(m);
    if (m->message_type != kAcknowledge) continue;
    const auto a = parse_acknowledge(m->payload);
    ASSERT_TRUE(a);
    EXPECT_EQ(a->sequence_number, static_cast<std::int64_t>(acknowledged++));
  }
  EXPECT_EQ(acknowledged, sequential);
}

TEST(ConversationReplay, TheClientReadsTheRecordedShell) {
  ClientConfig config;
  config.token = Secret("t");
  config.accepts = Accepts::kShell;
  const auto now = Time{} + std::chrono::hours(1);
  ClientChannel client(std::move(config), test::make_uuid_source(1), now);
  std::string expected;
  for (const auto& frame : test::load_conversation("shell")) {
    if (frame.from_client || frame.text) continue;
    const auto m = parse_agent_message(frame.bytes);
    ASSERT_TRUE(m);
    if (m->message_type == kOutputStreamData) expected += as_text(m->payload);
    const auto taken = client.receive({false, frame.bytes}, now);
    ASSERT_TRUE(taken) << taken.error().detail;
  }
  EXPECT_EQ(as_text(client.readable()), expected);
  EXPECT_EQ(expected, "$ echo shell-works\r\nshell-works\r\n$ exit\r\n");
  EXPECT_EQ(client.session_type(), kStandardStream);
}

}  // namespace
}  // namespace passport::wire::ssm
