#include "lab/control_messages.h"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "base/json.h"
#include "wire/ssm/payloads.h"

namespace passport::lab {
namespace {

json::object payload(const wire::WebSocketMessage& message) {
  const auto parsed = wire::ssm::parse_agent_message(message.bytes);
  EXPECT_TRUE(parsed && wire::ssm::digest_matches(*parsed));
  return parse_json_object(as_text(parsed->payload), "payload").value();
}

std::string type(const wire::WebSocketMessage& message) {
  return std::string(wire::ssm::parse_agent_message(message.bytes)->message_type);
}

json::object shell_content(const Session& session) {
  const auto message = make_interactive_shell(session, {{}, 1});
  EXPECT_EQ(type(message), "interactive_shell");
  return parse_json_object(find_string(payload(message), "Content"), "content").value();
}

TEST(ControlMessages, AnSshSessionIsAPlainPort) {
  Session session;
  session.id = "lab-1";
  session.owner = "arn";
  session.document = "AWS-StartSSHSession";
  session.parameters = {{"portNumber", {"2222"}}};
  const auto content = shell_content(session);
  EXPECT_EQ(find_string(content, "SessionId"), "lab-1");
  EXPECT_EQ(find_string(content, "SessionOwner"), "arn");
  // A parameter of type String is a string here, not the list of the API.
  EXPECT_EQ(find_string(*find_object(content, "Parameters"), "portNumber"), "2222");
  const auto& document = *find_object(content, "DocumentContent");
  EXPECT_EQ(find_string(document, "schemaVersion"), "1.0");
  EXPECT_EQ(find_string(document, "sessionType"), "Port");
  EXPECT_EQ(find_string(*find_object(document, "properties"), "portNumber"),
            "{{ portNumber }}");
  EXPECT_EQ(find_string(*find_object(document, "properties"), "type"), "");
  EXPECT_TRUE(find_object(document, "inputs")->empty());
}

TEST(ControlMessages, TheKeyOfASessionIsAnInputOfItsDocument) {
  Session session;
  session.document = "AWS-StartSSHSession";
  session.kms_key = "alias/shells";
  const auto content = shell_content(session);
  const auto& inputs = *find_object(*find_object(content, "DocumentContent"), "inputs");
  EXPECT_EQ(find_string(inputs, "kmsKeyId"), "alias/shells");
}

TEST(ControlMessages, APortForwardIsMultiplexed) {
  Session session;
  session.document = "AWS-StartPortForwardingSessionToRemoteHost";
  session.parameters = {{"host", {"db"}}, {"portNumber", {"5432"}}};
  const auto content = shell_content(session);
  const auto& properties = *find_object(*find_object(content, "DocumentContent"), "properties");
  EXPECT_EQ(find_string(properties, "type"), "LocalPortForwarding");
  EXPECT_EQ(find_string(properties, "host"), "{{ host }}");
}

TEST(ControlMessages, ShellsAreOfTheirDocumentsType) {
  Session session;
  session.id = "lab-1";
  const auto shell = *find_object(shell_content(session), "DocumentContent");
  EXPECT_EQ(find_string(shell, "sessionType"), "Standard_Stream");
  EXPECT_TRUE(make_properties(session).empty());

  session.document = "AWS-StartNonInteractiveCommand";
  session.parameters = {{"command", {"id"}}, {"separateOutputStream", {"True"}}};
  const auto content = shell_content(session);
  const auto& document = *find_object(content, "DocumentContent");
  EXPECT_EQ(find_string(document, "sessionType"), "NonInteractiveCommands");
  const auto& linux = *find_object(*find_object(document, "properties"), "linux");
  EXPECT_EQ(find_string(linux, "commands"), "{{ command }}");
  EXPECT_EQ(find_string(linux, "separateOutputStream"), "{{ separateOutputStream }}");
  EXPECT_EQ(find_string(*find_object(content, "Parameters"), "command"), "id");
}

// The payload of a real agent (amazon-ssm-agent 3.3.0, observed).
constexpr char kComplete[] =
    R"({"SchemaVersion":1,"TaskId":"lab-1","Topic":"agent_task_complete","FinalTaskStatus":"Failed",)"
    R"("IsRoutingFailure":false,"AwsAccountId":"","InstanceId":"i-1","Output":"why","S3Bucket":"",)"
    R"("S3UrlSuffix":"","CwlGroup":"","CwlStream":"","RetryNumber":1})";

TEST(ControlMessages, AReportIsReadAndAcknowledged) {
  const auto complete = parse_task_complete(as_bytes(kComplete));
  ASSERT_TRUE(complete);
  EXPECT_EQ(complete->session_id, "lab-1");
  EXPECT_EQ(complete->status, "Failed");
  EXPECT_EQ(complete->output, "why");
  const wire::ssm::Uuid id{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  const auto acknowledge = make_task_acknowledge(*complete, id, {{}, 1});
  EXPECT_EQ(type(acknowledge), "agent_task_acknowledge");
  EXPECT_EQ(find_string(payload(acknowledge), "MessageId"),
            "01020304-0506-0708-090a-0b0c0d0e0f10");
  EXPECT_EQ(find_string(payload(acknowledge), "TaskId"), "lab-1");
}

// As a real agent says it (amazon-ssm-agent 3.3.0, observed).
TEST(ControlMessages, AnAgentsOpenFrameIsRead) {
  const auto open = parse_open_control_channel(
      R"({"Cookie":null,"MessageSchemaVersion":"1.0","RequestId":"x","TokenValue":"T",)"
      R"("AgentVersion":"3.3.0.0","PlatformType":"linux"})");
  ASSERT_TRUE(open);
  EXPECT_EQ(open->token.reveal(), "T");
  EXPECT_EQ(open->agent_version, "3.3.0.0");
  for (const char* bad : {"", "[]", "{}", R"({"TokenValue":7})"}) {
    EXPECT_FALSE(parse_open_control_channel(bad)) << bad;
  }
}

TEST(ControlMessages, ABadReportIsRefused) {
  EXPECT_FALSE(parse_task_complete({}));
  EXPECT_FALSE(parse_task_complete(as_bytes("{}")));
  EXPECT_FALSE(parse_task_complete(as_bytes("[1]")));
}

TEST(ControlMessages, TheLastWords) {
  const auto message = make_channel_closed("lab-1", "bye", {{}, 1});
  const auto parsed = wire::ssm::parse_agent_message(message.bytes);
  ASSERT_TRUE(parsed);
  const auto closed = wire::ssm::parse_channel_closed(parsed->payload);
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->session_id, "lab-1");
  EXPECT_EQ(closed->output, "bye");
  EXPECT_EQ(type(make_publication(true, {{}, 1})), "start_publication");
  EXPECT_EQ(type(make_publication(false, {{}, 1})), "pause_publication");
}

TEST(ControlMessages, KnowsAnAgentsStateFrame) {
  wire::ssm::AgentMessage m;
  m.message_type = wire::ssm::kAgentSessionState;
  wire::WebSocketMessage frame;
  wire::ssm::serialize_agent_message(m, frame.bytes);
  EXPECT_TRUE(is_agent_session_state(frame));
  frame.bytes.resize(10);
  EXPECT_FALSE(is_agent_session_state(frame));
  EXPECT_FALSE(is_agent_session_state(make_publication(true, {{}, 1})));
  EXPECT_FALSE(is_agent_session_state({}));
}

}  // namespace
}  // namespace passport::lab
