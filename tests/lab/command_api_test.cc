#include "lab/command_api.h"

#include <random>

#include <gtest/gtest.h>

#include "wire/aws/command_messages.h"

namespace passport::lab {
namespace {

constexpr char kFirst[] = "i-00000000000000001";
constexpr char kSecond[] = "i-00000000000000002";
constexpr char kOffline[] = "i-00000000000000009";

class CommandApi : public testing::Test {
 protected:
  CommandApi()
      : state("eu-west-1", [this](std::span<std::uint8_t> out) {
          for (auto& b : out) b = static_cast<std::uint8_t>(numbers_());
        }) {
    state.add_instance({.id = kFirst});
    state.add_instance({.id = kSecond});
    state.add_instance({.id = kOffline, .agent = AgentKind::kNone, .online = false});
    caller.arn = caller.identity = "arn:aws:iam::123456789012:user/lab";
  }

  wire::HttpResponse call(std::string_view operation, const std::string& body) {
    return answer_command_call({state, caller, 1795370400}, operation,
                               *parse_json_object(body, "request"));
  }
  std::string error(std::string_view operation, const std::string& body) {
    const auto answer = call(operation, body);
    EXPECT_EQ(answer.status, 400) << answer.body;
    message = find_string(*parse_json_object(answer.body, "answer"), "message");
    return find_string(*parse_json_object(answer.body, "answer"), "__type");
  }
  std::string request(const std::string& ids, const std::string& parameters,
                      const std::string& more = "") {
    return R"({"InstanceIds":[)" + ids + R"(],"DocumentName":"AWS-RunShellScript",)" +
           R"("Parameters":{)" + parameters + "}" + more + "}";
  }
  std::string send() {
    const auto answer = call(
        "SendCommand",
        request(R"("i-00000000000000001","i-00000000000000002")", R"("commands":["a","b"])"));
    EXPECT_EQ(answer.status, 200) << answer.body;
    return wire::aws::parse_sent_command(answer.body).value();
  }

  ServiceState state;
  Principal caller;
  std::string message;

 private:
  std::mt19937 numbers_{1};
};

constexpr char kOne[] = R"("i-00000000000000001")";
constexpr char kCommands[] = R"("commands":["true"])";

TEST_F(CommandApi, ACommandsWay) {
  const auto id = send();
  const auto deliveries = state.commands.take_deliveries();
  ASSERT_EQ(deliveries.size(), 2U);
  const auto* command = state.commands.begin(deliveries[0], {}, 1795370401);
  EXPECT_EQ(command->script, "a\nb\n");
  state.commands.finish(deliveries[0], CommandOutcome{0, false, "{}\n", ""}, {});
  const auto page = wire::aws::parse_invocations(
      call("ListCommandInvocations", wire::aws::serialize_list_invocations(id, "")).body);
  ASSERT_TRUE(page) << page.error().detail;
  ASSERT_EQ(page->invocations.size(), 2U);
  EXPECT_EQ(page->invocations[0].status, wire::aws::InvocationStatus::kSuccess);
  EXPECT_EQ(page->invocations[0].response_code, 0);
  EXPECT_EQ(page->invocations[0].output, "{}\n");
  EXPECT_EQ(page->invocations[1].status, wire::aws::InvocationStatus::kPending);
  EXPECT_FALSE(page->invocations[1].response_code);
  const auto one = wire::aws::parse_invocation(
      call("GetCommandInvocation", wire::aws::serialize_get_invocation(id, kFirst)).body);
  EXPECT_EQ(one->output, "{}\n");
  EXPECT_EQ(call("CancelCommand", wire::aws::serialize_cancel_command(id, {})).status, 200);
  EXPECT_EQ(state.commands.find(id, {})->invocations.at(kSecond).details, "Cancelled");
}

TEST_F(CommandApi, PagesAndCutOutput) {
  const auto id = send();
  const auto deliveries = state.commands.take_deliveries();
  state.commands.begin(deliveries[0], {}, 1);
  state.commands.finish(deliveries[0], CommandOutcome{1, false, std::string(3000, 'a'), "e"},
                        {});
  const auto list = [&](const std::string& more) {
    return wire::aws::parse_invocations(
               call("ListCommandInvocations",
                    R"({"Details":true,"MaxResults":1,"CommandId":")" + id + "\"" + more + "}")
                   .body)
        .value();
  };
  const auto first = list("");
  ASSERT_EQ(first.invocations.size(), 1U);
  EXPECT_EQ(first.invocations[0].output.size(), 2500U);
  EXPECT_TRUE(first.invocations[0].output.ends_with("\n---Output truncated---"));
  const auto second = list(R"(,"NextToken":")" + first.next_token + "\"");
  EXPECT_EQ(second.invocations.at(0).instance_id, kSecond);
  EXPECT_TRUE(second.next_token.empty());
}

TEST_F(CommandApi, RefusesAsAwsDoes) {
  EXPECT_EQ(error("SendCommand", request(R"("i-0000000000000000f")", kCommands)),
            "InvalidInstanceId");
  EXPECT_EQ(error("SendCommand", request(R"("i-00000000000000009")", kCommands)),
            "InvalidInstanceId");
  EXPECT_EQ(error("SendCommand", request("", kCommands)), "InvalidInstanceId");
  EXPECT_EQ(error("SendCommand", request(kOne + std::string(",") + kOne, kCommands)),
            "DuplicateInstanceId");
  std::string many = kOne;
  for (int i = 0; i < 50; ++i) many += ",\"i-" + std::to_string(10000000 + i) + "\"";
  EXPECT_EQ(error("SendCommand", request(many, kCommands)), "ValidationException");
  EXPECT_EQ(error("SendCommand", request(kOne, "")), "InvalidParameters");
  EXPECT_EQ(error("SendCommand", request(kOne, R"("commands":["a"],"more":["b"])")),
            "InvalidParameters");
  for (const std::string timeout : {"0", "x", "172801", "1.5"})
    EXPECT_EQ(error("SendCommand", request(kOne, R"("commands":["a"],"executionTimeout":[")" +
                                                     timeout + "\"]")),
              "InvalidParameters");
  for (const std::string timeout : {"29", "2592001", "\"60\""})
    EXPECT_EQ(error("SendCommand", request(kOne, kCommands, ",\"TimeoutSeconds\":" + timeout)),
              "ValidationException");
  EXPECT_EQ(
      error("SendCommand", request(kOne, R"("commands":[")" + std::string(65536, 'a') + "\"]")),
      "MaxDocumentSizeExceeded");
  EXPECT_EQ(
      error("SendCommand", R"({"InstanceIds":["i-00000000000000001"],"DocumentName":"D"})"),
      "InvalidDocument");
  const std::string unknown = "11111111-2222-3333-4444-555555555555";
  EXPECT_EQ(error("ListCommandInvocations", wire::aws::serialize_list_invocations(unknown, "")),
            "InvalidCommandId");
  EXPECT_EQ(error("GetCommandInvocation", wire::aws::serialize_get_invocation(unknown, kFirst)),
            "InvocationDoesNotExist");
  EXPECT_EQ(error("CancelCommand", wire::aws::serialize_cancel_command(unknown, {})),
            "InvalidCommandId");
  EXPECT_EQ(error("CancelCommand", wire::aws::serialize_cancel_command(send(), {kOffline})),
            "InvalidInstanceId");
}

TEST_F(CommandApi, EveryInstanceAndTheDocumentMustBeAllowed) {
  const auto allow = [&](const std::string& resources) {
    state.faults.policies[caller.identity] =
        R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ssm:SendCommand",)"
        R"("Resource":[)" +
        resources + "]}]}";
  };
  const std::string document = R"("arn:aws:ssm:eu-west-1::document/AWS-RunShellScript")";
  const std::string first =
      R"("arn:aws:ec2:eu-west-1:123456789012:instance/i-00000000000000001")";
  const auto both = request(R"("i-00000000000000001","i-00000000000000002")", kCommands);
  allow(first);
  EXPECT_EQ(error("SendCommand", request(kOne, kCommands)), "AccessDeniedException");
  EXPECT_NE(message.find("document/AWS-RunShellScript"), std::string::npos);
  allow(document + "," + first);
  EXPECT_EQ(call("SendCommand", request(kOne, kCommands)).status, 200);
  EXPECT_EQ(error("SendCommand", both), "AccessDeniedException");
  EXPECT_NE(message.find("instance/i-00000000000000002"), std::string::npos);
  EXPECT_EQ(error("ListCommandInvocations", "{}"), "AccessDeniedException");
  EXPECT_EQ(error("GetCommandInvocation", "{}"), "AccessDeniedException");
  EXPECT_EQ(error("CancelCommand", "{}"), "AccessDeniedException");
}

TEST_F(CommandApi, ThrottlesByRate) {
  state.faults.command_rate = 1;
  EXPECT_EQ(call("SendCommand", request(kOne, kCommands)).status, 200);
  EXPECT_EQ(error("SendCommand", request(kOne, kCommands)), "ThrottlingException");
  state.uptime += std::chrono::seconds(1);
  EXPECT_EQ(call("SendCommand", request(kOne, kCommands)).status, 200);
}

}  // namespace
}  // namespace passport::lab
