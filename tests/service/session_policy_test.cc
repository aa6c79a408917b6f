// What a session policy lets through, by the lab's reading of it: every action of Systems
// Manager on its own and on others' things.
#include "service/session_policy.h"

#include <gtest/gtest.h>

#include "lab/iam_policy.h"

namespace passport::service {
namespace {

SessionScope scope() {
  SessionScope out;
  out.account = "123456789012";
  out.region = "eu-west-1";
  out.session_name = "ar-0123456789abcdef";
  out.instances = {"i-0123456789abcdef0", "mi-0123456789abcdef0"};
  out.documents = {"AWS-StartSSHSession"};
  return out;
}

const std::string kInstance = "arn:aws:ec2:eu-west-1:123456789012:instance/i-0123456789abcdef0";
const std::string kManaged =
    "arn:aws:ssm:eu-west-1:123456789012:managed-instance/mi-0123456789abcdef0";
const std::string kDocument = "arn:aws:ssm:eu-west-1::document/AWS-StartSSHSession";
const std::string kOwn = "arn:aws:ssm:eu-west-1:123456789012:session/ar-0123456789abcdef-0a1b";

TEST(SessionPolicy, LetsThroughWhatItIsForAlone) {
  const auto text = make_session_policy(scope());
  ASSERT_TRUE(text);
  const auto policy = lab::IamPolicy::parse(*text);
  ASSERT_TRUE(policy) << policy.error().detail;
  EXPECT_TRUE(policy->asks_for("ssm:sessiondocumentaccesscheck"));
  const std::vector<std::pair<std::string, std::string>> allowed = {
      {"ssm:StartSession", kInstance}, {"ssm:StartSession", kManaged},
      {"ssm:StartSession", kDocument}, {"ssm:ResumeSession", kOwn},
      {"ssm:TerminateSession", kOwn},  {"ssmmessages:OpenDataChannel", kOwn}};
  const std::vector<std::string> resources = {
      kInstance,
      kManaged,
      kDocument,
      kOwn,
      "arn:aws:ec2:eu-west-1:123456789012:instance/i-0123456789abcdef1",
      "arn:aws:ec2:eu-west-2:123456789012:instance/i-0123456789abcdef0",
      "arn:aws:ec2:eu-west-1:210987654321:instance/i-0123456789abcdef0",
      "arn:aws:ssm:eu-west-1::document/AWS-StartPortForwardingSession",
      "arn:aws:ssm:eu-west-1::document/AWS-RunShellScript",
      "arn:aws:ssm:eu-west-1:123456789012:session/ar-0123456789abcdee-0a1b",
      "arn:aws:ssm:eu-west-1:123456789012:session/ar-0123456789abcdef",
      "arn:aws:ssm:eu-west-1:123456789012:parameter/secret",
      "*"};
  for (const auto* action :
       {"ssm:StartSession", "ssm:ResumeSession", "ssm:TerminateSession", "ssm:SendCommand",
        "ssm:CancelCommand", "ssm:GetCommandInvocation", "ssm:DescribeSessions",
        "ssm:DescribeInstanceInformation", "ssm:GetParameter", "ssm:StartAutomationExecution",
        "ssm:GetConnectionStatus", "ssmmessages:OpenDataChannel",
        "ssmmessages:CreateDataChannel", "ssm:UpdateInstanceInformation", "sts:AssumeRole",
        "ec2:TerminateInstances", "kms:Decrypt", "iam:PassRole"}) {
    for (const auto& resource : resources) {
      const bool wanted =
          std::find(allowed.begin(), allowed.end(),
                    std::pair<std::string, std::string>(action, resource)) != allowed.end();
      const lab::IamRequest request{
          action, resource, {{"ssm:sessiondocumentaccesscheck", "true"}}};
      EXPECT_EQ(policy->evaluate(request) == lab::IamEffect::kAllow, wanted)
          << action << " " << resource;
    }
  }
}

TEST(SessionPolicy, IsBounded) {
  auto many = scope();
  many.instances.assign(kMaxScopeInstances + 1, "i-0123456789abcdef0");
  EXPECT_EQ(make_session_policy(many).error().code, Errc::kTooLarge);
}

}  // namespace
}  // namespace passport::service
