#include "wire/aws/command_messages.h"

#include <gtest/gtest.h>

#include "wire/aws/identifiers.h"

namespace passport::wire::aws {
namespace {

using namespace std::chrono_literals;

const std::string kId = "11111111-2222-3333-4444-55555555abcd";

std::string invocation(const std::string& status, const std::string& more = "") {
  return R"({"CommandId":")" + kId + R"(","InstanceId":"i-0123456789abcdef0","Status":")" +
         status + "\"" + more + "}";
}

TEST(CommandMessages, Requests) {
  auto request =
      make_shell_command({"i-0123456789abcdef0", "mi-0123456789abcdef0"}, "echo \"a\"\n", 60s);
  EXPECT_EQ(serialize_send_command(request),
            R"({"InstanceIds":["i-0123456789abcdef0","mi-0123456789abcdef0"],)"
            R"("DocumentName":"AWS-RunShellScript",)"
            R"("Parameters":{"commands":["echo \"a\"\n"],"executionTimeout":["60"]}})");
  request = {.instance_ids = {"i-1"}, .document_name = "D"};
  request.delivery_timeout = 30s;
  request.comment = "why";
  EXPECT_EQ(
      serialize_send_command(request),
      R"({"InstanceIds":["i-1"],"DocumentName":"D","TimeoutSeconds":30,"Comment":"why"})");
  EXPECT_EQ(serialize_list_invocations("c", ""),
            R"({"CommandId":"c","Details":true,"MaxResults":50})");
  EXPECT_EQ(serialize_list_invocations("c", "t\""),
            R"({"CommandId":"c","Details":true,"MaxResults":50,"NextToken":"t\""})");
  EXPECT_EQ(serialize_get_invocation("c", "i-1"), R"({"CommandId":"c","InstanceId":"i-1"})");
  EXPECT_EQ(serialize_cancel_command("c", {}), R"({"CommandId":"c"})");
  EXPECT_EQ(serialize_cancel_command("c", {"i-1", "i-2"}),
            R"({"CommandId":"c","InstanceIds":["i-1","i-2"]})");
}

TEST(CommandMessages, TheIdOfACommand) {
  const auto id = parse_sent_command(R"({"Command":{"CommandId":")" + kId + "\"}}");
  ASSERT_TRUE(id) << id.error().detail;
  EXPECT_EQ(*id, kId);
  for (const std::string& bad :
       {std::string("{"), std::string("{}"), std::string(R"({"Command":{}})"),
        std::string(R"({"Command":7})"), R"({"Command":{"CommandId":")" + kId + "x\"}}",
        std::string(R"({"Command":{"CommandId":"11111111-2222-3333-4444-55555555ABCD"}})"),
        std::string(R"({"Command":{"CommandId":"111111112222-3333-4444-55555555abcd0"}})")}) {
    const auto broken = parse_sent_command(bad);
    ASSERT_FALSE(broken) << bad;
    EXPECT_EQ(broken.error().code, Errc::kProtocol);
  }
}

TEST(CommandMessages, APageOfInvocations) {
  const auto page = parse_invocations(
      R"({"NextToken":"more","CommandInvocations":[)" +
      invocation("Success",
                 R"(,"StatusDetails":"Success","CommandPlugins":[{"Name":"configure",)"
                 R"("ResponseCode":0,"Output":"first"},{"Name":"aws:runShellScript",)"
                 R"("ResponseCode":3,"Output":"{}\n"},{"Name":"later","ResponseCode":-1}])") +
      "," + invocation("TimedOut", R"(,"StatusDetails":"DeliveryTimedOut")") + "]}");
  ASSERT_TRUE(page) << page.error().detail;
  EXPECT_EQ(page->next_token, "more");
  ASSERT_EQ(page->invocations.size(), 2U);
  const auto& first = page->invocations[0];
  EXPECT_EQ(first.command_id, kId);
  EXPECT_EQ(first.instance_id, "i-0123456789abcdef0");
  EXPECT_EQ(first.status, InvocationStatus::kSuccess);
  EXPECT_EQ(first.response_code, 3);
  EXPECT_EQ(first.output, "{}\n");
  const auto& second = page->invocations[1];
  EXPECT_EQ(second.status, InvocationStatus::kTimedOut);
  EXPECT_EQ(second.status_details, "DeliveryTimedOut");
  EXPECT_FALSE(second.response_code);
  EXPECT_TRUE(parse_invocations(R"({"CommandInvocations":[]})")->invocations.empty());
}

TEST(CommandMessages, InvocationsThatCannotBeUsed) {
  for (const std::string& bad :
       {std::string(""), std::string("{}"), std::string(R"({"CommandInvocations":[7]})"),
        R"({"CommandInvocations":[)" + invocation("Splendid") + "]}",
        std::string(R"({"CommandInvocations":[{"CommandId":"c","InstanceId":"i-1"}]})"),
        R"({"CommandInvocations":[{"CommandId":")" + kId +
            R"(","InstanceId":"web","Status":"Success"}]})"}) {
    const auto broken = parse_invocations(bad);
    ASSERT_FALSE(broken) << bad;
    EXPECT_EQ(broken.error().code, Errc::kProtocol);
  }
  EXPECT_FALSE(parse_invocation("[]"));
  EXPECT_FALSE(parse_invocation(invocation("success")));
}

TEST(CommandMessages, OneInvocation) {
  const auto done =
      parse_invocation(invocation("Failed", R"(,"ResponseCode":2147483648,"StatusDetails":)"
                                            R"("Failed","StandardOutputContent":"out",)"
                                            R"("StandardErrorContent":"err")"));
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_EQ(done->status, InvocationStatus::kFailed);
  EXPECT_FALSE(done->response_code);
  EXPECT_EQ(done->output, "out");
  EXPECT_EQ(done->error_output, "err");
  EXPECT_FALSE(
      parse_invocation(invocation("InProgress", R"(,"ResponseCode":-1)"))->response_code);
}

TEST(CommandMessages, Statuses) {
  unsigned final = 0;
  for (const std::string status : {"Pending", "InProgress", "Delayed", "Cancelling", "Success",
                                   "Cancelled", "TimedOut", "Failed"}) {
    const auto parsed = parse_invocation(invocation(status));
    ASSERT_TRUE(parsed) << status;
    EXPECT_EQ(to_string(parsed->status), status);
    if (is_final(parsed->status)) ++final;
  }
  EXPECT_EQ(final, 4U);
}

}  // namespace
}  // namespace passport::wire::aws
