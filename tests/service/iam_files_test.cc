// The policies of the deployment guide, by the lab's reading of them: what passportd asks for
// is allowed, and what is beside it is not. tests/e2e/service.sh runs the service with them.
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "lab/iam_policy.h"
#include "service/session_policy.h"

namespace passport::service {
namespace {

using lab::IamEffect;
using lab::IamPolicy;
using Context = std::map<std::string, std::string>;

IamPolicy load(const std::string& name, IamPolicy::Form form = IamPolicy::Form::kPermissions) {
  std::ifstream file(PASSPORT_TEST_DATA "/../../service/iam/" + name);
  std::stringstream text;
  text << file.rdbuf();
  auto policy = IamPolicy::parse(text.str(), form);
  EXPECT_TRUE(policy) << name << ": " << policy.error().detail;
  return policy ? std::move(*policy) : IamPolicy();
}

bool allows(const IamPolicy& policy, const std::string& action, const std::string& resource,
            const Context& context = {}) {
  return policy.evaluate({action, resource, context}) == IamEffect::kAllow;
}

const std::string kService = "arn:aws:iam::123456789012:role/passportd";
const std::string kRole = "arn:aws:iam::123456789012:role/passport";
const std::string kInstance = "arn:aws:ec2:eu-west-1:123456789012:instance/i-0123456789abcdef0";
const std::string kSsh = "arn:aws:ssm:eu-west-1::document/AWS-StartSSHSession";
const std::string kScript = "arn:aws:ssm:eu-west-1::document/AWS-RunShellScript";
const std::string kSession = "arn:aws:ssm:eu-west-1:123456789012:session/";
const Context kChecked = {{"ssm:sessiondocumentaccesscheck", "true"}};

TEST(IamFiles, PassportdAssumesItsRolesAndDoesNothingElse) {
  const auto policy = load("passportd.json");
  for (const auto* action : {"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"}) {
    EXPECT_TRUE(allows(policy, action, kRole));
    EXPECT_FALSE(allows(policy, action, "arn:aws:iam::123456789012:role/admin"));
    EXPECT_FALSE(allows(policy, action, kRole + "2"));
  }
  for (const auto* action : {"ssm:SendCommand", "ssm:StartSession", "iam:PassRole"})
    EXPECT_FALSE(allows(policy, action, "*"));
}

TEST(IamFiles, TheRoleIsForPassportdWithItsExternalId) {
  const auto trust = load("role-trust.json", IamPolicy::Form::kTrust);
  const Context own = {{"sts:externalid", "write-your-own"},
                       {"sts:rolesessionname", "ar-0123456789abcdef"}};
  EXPECT_TRUE(allows(trust, "sts:AssumeRole", kService, own));
  auto context = own;
  context["sts:rolesessionname"] = "passportd";
  EXPECT_TRUE(allows(trust, "sts:AssumeRole", kService, context));
  context["sts:rolesessionname"] = "eve";
  EXPECT_FALSE(allows(trust, "sts:AssumeRole", kService, context));
  context = own;
  context["sts:externalid"] = "another";
  EXPECT_FALSE(allows(trust, "sts:AssumeRole", kService, context));
  context.erase("sts:externalid");
  EXPECT_FALSE(allows(trust, "sts:AssumeRole", kService, context));
  for (const auto& other : {kRole, std::string("arn:aws:iam::123456789012:user/eve")})
    for (const auto* action : {"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"})
      EXPECT_FALSE(allows(trust, action, other, own)) << other;
  EXPECT_TRUE(allows(trust, "sts:SetSourceIdentity", kService));
  EXPECT_TRUE(allows(trust, "sts:TagSession", kService,
                     {{"aws:requesttag/passportrequest", "ar-0123456789abcdef"}}));
  EXPECT_FALSE(allows(trust, "sts:TagSession", kService, {{"aws:requesttag/admin", "yes"}}));
}

TEST(IamFiles, TheRoleMakesUsersAndCarriesSsh) {
  const auto policy = load("role.json");
  for (const auto& resource : {kScript, kInstance})
    EXPECT_TRUE(allows(policy, "ssm:SendCommand", resource));
  for (const auto& resource : {kSsh, kInstance})
    EXPECT_TRUE(allows(policy, "ssm:StartSession", resource, kChecked));
  EXPECT_FALSE(allows(policy, "ssm:StartSession", kInstance,
                      {{"ssm:sessiondocumentaccesscheck", "false"}}));
  for (const auto* action :
       {"ssm:ResumeSession", "ssm:TerminateSession", "ssmmessages:OpenDataChannel"}) {
    EXPECT_TRUE(allows(policy, action, kSession + "ar-0123456789abcdef-0a1b"));
    EXPECT_FALSE(allows(policy, action, kSession + "eve-0a1b"));
  }
  for (const auto* document : {"AWS-RunPowerShellScript", "AWS-StartPortForwardingSession",
                               "AWS-RunRemoteScript", "SSM-SessionManagerRunShell"})
    for (const auto* action : {"ssm:SendCommand", "ssm:StartSession"})
      EXPECT_FALSE(allows(policy, action,
                          std::string("arn:aws:ssm:eu-west-1::document/") + document, kChecked))
          << action << " " << document;
  EXPECT_TRUE(allows(policy, "ec2:DescribeInstances", "*"));
  for (const auto* action : {"ec2:DescribeTags", "ec2:StopInstances", "ec2:CreateTags"})
    EXPECT_FALSE(allows(policy, action, "*")) << action;
  EXPECT_FALSE(allows(policy, "ssm:SendCommand", kSsh));
  EXPECT_FALSE(allows(policy, "ssm:StartSession", kScript, kChecked));
  EXPECT_FALSE(allows(policy, "ssm:SendCommand",
                      "arn:aws:ec2:eu-west-1:210987654321:instance/i-0123456789abcdef0"));
}

/// Every operation of Systems Manager on "*": what a policy must not let through by accident.
TEST(IamFiles, NoPolicyAllowsMoreOfSystemsManagerThanItNames) {
  const std::map<std::string, std::set<std::string>> wanted = {
      {"passportd.json", {}},
      {"role.json",
       {"ListCommandInvocations", "GetCommandInvocation", "DescribeInstanceInformation"}},
      {"instance.json", {"UpdateInstanceInformation"}},
      {"user.json", {"DescribeInstanceInformation"}}};
  std::ifstream file(PASSPORT_TEST_DATA "/ssm_operations.txt");
  std::vector<std::string> operations;
  for (std::string name; std::getline(file, name);) operations.push_back(name);
  ASSERT_GT(operations.size(), 100U);
  for (const auto& [name, allowed] : wanted) {
    const auto policy = load(name);
    for (const auto& operation : operations) {
      // On others' instances and documents the rest is refused as well.
      for (const std::string resource :
           {"*", "arn:aws:ec2:eu-west-1:210987654321:instance/i-0123456789abcdef0"})
        EXPECT_EQ(allows(policy, "ssm:" + operation, resource, kChecked),
                  allowed.contains(operation))
            << name << " " << operation;
    }
  }
}

TEST(IamFiles, UsersWithoutTheServiceHaveSshAndTheirOwnSessions) {
  const auto policy = load("user.json");
  Context ann = kChecked;
  ann["aws:username"] = "ann";
  for (const auto& resource : {kSsh, kInstance})
    EXPECT_TRUE(allows(policy, "ssm:StartSession", resource, ann));
  EXPECT_FALSE(allows(policy, "ssm:SendCommand", kInstance, ann));
  for (const auto* action : {"ssm:ResumeSession", "ssm:TerminateSession"}) {
    EXPECT_TRUE(allows(policy, action, kSession + "ann-0a1b", ann));
    EXPECT_FALSE(allows(policy, action, kSession + "anna-0a1b", ann));
    EXPECT_FALSE(allows(policy, action, kSession + "ar-0123456789abcdef-0a1b", ann));
    EXPECT_FALSE(allows(policy, action, kSession + "-0a1b", kChecked));
  }
}

TEST(IamFiles, InstancesTakeCommandsAndSessionsAndSendNone) {
  const auto policy = load("instance.json");
  for (const auto* action : {"ssm:UpdateInstanceInformation", "ssmmessages:OpenControlChannel",
                             "ssmmessages:OpenDataChannel", "ec2messages:GetMessages"})
    EXPECT_TRUE(allows(policy, action, "*"));
  for (const auto* action :
       {"ssm:SendCommand", "ssm:StartSession", "ssm:GetParameter", "s3:GetObject"})
    EXPECT_FALSE(allows(policy, action, "*"));
}

}  // namespace
}  // namespace passport::service
