#include "wire/ssm/payloads.h"

#include <gtest/gtest.h>

namespace passport::wire::ssm {
namespace {

TEST(Acknowledge, RejectsWhatIsNotOne) {
  const std::string id = R"("AcknowledgedMessageId":"0987b379-d7ab-413f-88e9-7148d0ee0431")";
  const std::string type = R"("AcknowledgedMessageType":"input_stream_data")";
  const std::string number = R"("AcknowledgedMessageSequenceNumber":5)";
  EXPECT_TRUE(parse_acknowledge(as_bytes("{" + type + "," + id + "," + number + "}")));
  for (const auto& text :
       {std::string(), std::string("[]"), std::string("{"), "{" + type + "," + number + "}",
        "{" + type + "," + id + "}",
        "{" + type + "," + id + R"(,"AcknowledgedMessageSequenceNumber":-1})",
        "{" + type + "," + id + R"(,"AcknowledgedMessageSequenceNumber":1.5})",
        "{" + type + "," + id + R"(,"AcknowledgedMessageSequenceNumber":"5"})",
        "{" + type + "," + id + R"(,"AcknowledgedMessageSequenceNumber":null})"})
    EXPECT_FALSE(parse_acknowledge(as_bytes(text))) << text;
}

TEST(HandshakeRequest, KeepsActionsThatItDoesNotKnow) {
  const auto request = parse_handshake_request(as_bytes(
      R"({"AgentVersion":"9.9","RequestedClientActions":[{"ActionType":"Dance","ActionParameters":{}},)"
      R"({"ActionType":"KMSEncryption","ActionParameters":{"KMSKeyId":"arn:k","Challenge":"x"}}]})"));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->unknown_actions, std::vector<std::string>{"Dance"});
  EXPECT_TRUE(request->kms_encryption);
  EXPECT_EQ(request->kms_key_id, "arn:k");
  EXPECT_EQ(request->kms_challenge, "x");
  EXPECT_EQ(request->session_type, "");
}

TEST(HandshakeRequest, RejectsOtherShapes) {
  for (const auto* text : {"", "null", "{}", R"({"RequestedClientActions":{}})",
                           R"({"RequestedClientActions":[1]})"})
    EXPECT_FALSE(parse_handshake_request(as_bytes(text))) << text;
}

TEST(HandshakeResponse, RejectsOtherShapes) {
  for (const auto* text :
       {"", "{}", R"({"ProcessedClientActions":[{}]})",
        R"({"ProcessedClientActions":[{"ActionType":"SessionType","ActionStatus":0}]})",
        R"({"ProcessedClientActions":[{"ActionType":"SessionType","ActionStatus":"1"}]})"})
    EXPECT_FALSE(parse_handshake_response(as_bytes(text))) << text;
}

TEST(OpenDataChannel, NeedsAToken) {
  EXPECT_FALSE(parse_open_data_channel(R"({"MessageSchemaVersion":"1.0"})"));
  EXPECT_FALSE(parse_open_data_channel("not json"));
  OpenDataChannel open;
  open.token = Secret("a\"b\n");
  const auto text = serialize_open_data_channel(open);
  const auto again = parse_open_data_channel(text);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->token.reveal(), "a\"b\n");
}

TEST(ChannelClosed, KeepsTheWords) {
  const auto text = serialize_channel_closed({"s-1", "bye\n"}, "m", 5);
  const auto closed = parse_channel_closed(as_bytes(text));
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->session_id, "s-1");
  EXPECT_EQ(closed->output, "bye\n");
}

TEST(FlagPayload, IsFourBytes) {
  EXPECT_EQ(*parse_flag(serialize_flag(Flag::kTerminateSession)), Flag::kTerminateSession);
  for (std::size_t n = 0; n < 9; ++n)
    EXPECT_EQ(parse_flag(Bytes(n, 0)).has_value(), n == 4) << n << " bytes";
}

TEST(SizePayload, HasTwoNumbers) {
  EXPECT_EQ(serialize_size({80, 24}), R"({"cols":80,"rows":24})");
  const auto size = parse_size(as_bytes(R"({"cols":4294967295,"rows":0})"));
  ASSERT_TRUE(size);
  EXPECT_EQ(*size, (TerminalSize{4294967295, 0}));
  for (const auto* text : {"", "{}", R"({"cols":80})", R"({"rows":80})",
                           R"({"cols":-1,"rows":2})", R"({"cols":4294967296,"rows":2})",
                           R"({"cols":"80","rows":"24"})", R"({"cols":1.5,"rows":2})"})
    EXPECT_FALSE(parse_size(as_bytes(text))) << text;
}

TEST(ExitCodePayload, IsANumberBehindAWord) {
  EXPECT_EQ(serialize_exit_code(3), "EXIT_CODE: 3");
  const auto code = parse_exit_code(as_bytes("EXIT_CODE: -1"));
  ASSERT_TRUE(code);
  EXPECT_EQ(*code, -1);
  for (const auto* text :
       {"", "3", "EXIT_CODE: ", "EXIT_CODE: 3\n", "EXIT_CODE: x", "EXIT_CODE: 99999999999"})
    EXPECT_FALSE(parse_exit_code(as_bytes(text))) << text;
}

TEST(Versions, CompareNumberByNumber) {
  EXPECT_LT(compare_versions("2.3.672.0", "2.3.756.0"), 0);
  EXPECT_GT(compare_versions("3.0.0.0", "2.3.756.0"), 0);
  EXPECT_EQ(compare_versions("3.1", "3.1.0.0"), 0);
  EXPECT_GT(compare_versions("3.10.0", "3.9.9"), 0);
  EXPECT_LT(compare_versions("", "1"), 0);
  EXPECT_EQ(compare_versions("x", "1"), 0);
}

TEST(HandshakeRequest, BoundsWhatItKeeps) {
  const auto with = [](const std::string& actions) {
    const auto text = R"({"AgentVersion":"3","RequestedClientActions":[)" + actions + "]}";
    return parse_handshake_request(as_bytes(text)).has_value();
  };
  const std::string action = R"({"ActionType":"A"})";
  std::string many = action;
  for (std::size_t i = 1; i < kMaxActions; ++i) many += "," + action;
  EXPECT_TRUE(with(many));
  EXPECT_FALSE(with(many + "," + action));
  EXPECT_FALSE(with(R"({"ActionType":")" + std::string(kMaxActionName + 1, 'A') + R"("})"));
  const auto kms = [](std::size_t key, std::size_t challenge) {
    return R"({"ActionType":"KMSEncryption","ActionParameters":{"KMSKeyId":")" +
           std::string(key, 'k') + R"(","Challenge":")" + std::string(challenge, 'c') +
           R"("}})";
  };
  EXPECT_TRUE(with(kms(kMaxKeyName, kMaxKmsContext)));
  EXPECT_FALSE(with(kms(kMaxKeyName + 1, 0)));
  EXPECT_FALSE(with(kms(1, kMaxKmsContext + 1)));
  EXPECT_FALSE(with(kms(0, 1)));
  EXPECT_FALSE(with(kms(1, 1) + "," + kms(1, 1)));
}

/// The fields and their types are those that the agent's KMSEncryptionResponse reads
/// (amazon-ssm-agent agent/session/contracts/model.go).
TEST(HandshakeResponse, CarriesTheEncryptedDataKey) {
  HandshakeResponse response{"1.2.764.0", {}};
  response.actions.push_back(
      {"KMSEncryption", ActionStatus::kSuccess, "", KmsResult{"AQID", true}});
  const auto text = serialize_handshake_response(response);
  EXPECT_NE(text.find(R"("ActionResult":{"KMSCipherTextKey":"AQID","KMSCipherTextHash":null,)"
                      R"("ChallengeAcknowledgement":true})"),
            std::string::npos)
      << text;
  const auto parsed = parse_handshake_response(as_bytes(text));
  ASSERT_TRUE(parsed);
  ASSERT_TRUE(parsed->actions[0].kms);
  EXPECT_EQ(parsed->actions[0].kms->ciphertext_key, "AQID");
  EXPECT_TRUE(parsed->actions[0].kms->challenge_acknowledged);
}

TEST(EncryptionChallenge, RoundTripsWithinItsBound) {
  const std::string bytes(kMaxEncryptionChallenge, '\xfe');
  const auto parsed =
      parse_encryption_challenge(as_bytes(serialize_encryption_challenge(as_bytes(bytes))));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, bytes);
  EXPECT_FALSE(parse_encryption_challenge(
      as_bytes(serialize_encryption_challenge(as_bytes(bytes + "x")))));
  EXPECT_FALSE(parse_encryption_challenge(as_bytes(R"({"Challenge":"A"})")));
  EXPECT_FALSE(parse_encryption_challenge(as_bytes("[]")));
}

}  // namespace
}  // namespace passport::wire::ssm
