#include "lab/iam_policy.h"

#include <gtest/gtest.h>

namespace passport::lab {
namespace {

constexpr char kInstanceArn[] =
    "arn:aws:ec2:eu-west-1:123456789012:instance/i-00000000000000001";

IamPolicy policy(const std::string& statements) {
  auto parsed = IamPolicy::parse(R"({"Version":"2012-10-17","Statement":)" + statements + "}");
  EXPECT_TRUE(parsed) << statements << ": " << (parsed ? "" : parsed.error().detail);
  return parsed ? std::move(*parsed) : IamPolicy();
}

struct Case {
  const char* statements;
  const char* action;
  const char* resource;
  IamEffect effect;
};

TEST(IamPolicy, ActionsAndResources) {
  const Case cases[] = {
      {R"({"Effect":"Allow","Action":"ssm:StartSession","Resource":"*"})", "ssm:StartSession",
       kInstanceArn, IamEffect::kAllow},
      {R"({"Effect":"Allow","Action":"SSM:startsession","Resource":"*"})", "ssm:StartSession",
       kInstanceArn, IamEffect::kAllow},
      {R"({"Effect":"Allow","Action":"ssm:Start*","Resource":"*"})", "ssm:StartSession",
       kInstanceArn, IamEffect::kAllow},
      {R"({"Effect":"Allow","Action":"ssm:Start?ession","Resource":"*"})", "ssm:StartSession",
       kInstanceArn, IamEffect::kAllow},
      {R"({"Effect":"Allow","Action":"ssm:Start?Session","Resource":"*"})", "ssm:StartSession",
       kInstanceArn, IamEffect::kNone},
      {R"({"Effect":"Allow","Action":["ssm:ResumeSession","*"],"Resource":"*"})",
       "ssm:StartSession", kInstanceArn, IamEffect::kAllow},
      {R"({"Effect":"Allow","NotAction":"ssm:StartSession","Resource":"*"})",
       "ssm:StartSession", kInstanceArn, IamEffect::kNone},
      {R"({"Effect":"Allow","NotAction":"ssm:StartSession","Resource":"*"})",
       "ssm:ResumeSession", kInstanceArn, IamEffect::kAllow},
      {R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:ec2:*:*:instance/i-*1"})",
       "ssm:StartSession", kInstanceArn, IamEffect::kAllow},
      {R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:ec2:*:*:instance/i-*2"})",
       "ssm:StartSession", kInstanceArn, IamEffect::kNone},
      {R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:EC2:*"})", "ssm:StartSession",
       kInstanceArn, IamEffect::kNone},
      {R"({"Effect":"Allow","Action":"*","NotResource":"arn:aws:ec2:*"})", "ssm:StartSession",
       kInstanceArn, IamEffect::kNone},
      {R"({"Effect":"Allow","Action":"*","NotResource":"arn:aws:ssm:*"})", "ssm:StartSession",
       kInstanceArn, IamEffect::kAllow},
      {R"([{"Effect":"Allow","Action":"*","Resource":"*"},
           {"Sid":"no","Effect":"Deny","Action":"ssm:*","Resource":"*"}])",
       "ssm:StartSession", kInstanceArn, IamEffect::kDeny},
      {R"([{"Effect":"Deny","Action":"ssm:*","Resource":"*"},
           {"Effect":"Allow","Action":"*","Resource":"*"}])",
       "kms:Decrypt", kInstanceArn, IamEffect::kAllow},
      {"[]", "ssm:StartSession", kInstanceArn, IamEffect::kNone},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(policy(c.statements).evaluate({c.action, c.resource}), c.effect)
        << c.statements << " " << c.action;
  }
}

TEST(IamPolicy, Conditions) {
  struct {
    const char* condition;
    const char* key;  ///< of the request's context; null: none
    const char* value;
    bool holds;
  } const cases[] = {
      {R"({"StringEquals":{"aws:SourceIdentity":"ann"}})", "aws:sourceidentity", "ann", true},
      {R"({"StringEquals":{"aws:SourceIdentity":["bob","ann"]}})", "aws:sourceidentity", "ann",
       true},
      {R"({"StringEquals":{"aws:SourceIdentity":"a*"}})", "aws:sourceidentity", "ann", false},
      {R"({"StringEquals":{"aws:SourceIdentity":"ann"}})", nullptr, "", false},
      {R"({"StringEqualsIfExists":{"aws:SourceIdentity":"ann"}})", nullptr, "", true},
      {R"({"StringEqualsIfExists":{"aws:SourceIdentity":"ann"}})", "aws:sourceidentity", "bob",
       false},
      {R"({"StringNotEquals":{"aws:SourceIdentity":["ann","bob"]}})", "aws:sourceidentity",
       "bob", false},
      {R"({"StringNotEquals":{"aws:SourceIdentity":"ann"}})", nullptr, "", true},
      {R"({"StringEqualsIgnoreCase":{"aws:SourceIdentity":"ANN"}})", "aws:sourceidentity",
       "ann", true},
      {R"({"StringLike":{"ssm:resourceTag/Team":"web-?"}})", "ssm:resourcetag/team", "web-1",
       true},
      {R"({"StringLike":{"ssm:resourceTag/Team":"web-?"}})", "ssm:resourcetag/team", "web-10",
       false},
      {R"({"StringNotLike":{"ssm:resourceTag/Team":"web*"}})", "ssm:resourcetag/team", "db",
       true},
      {R"({"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/ops"}})", "aws:principalarn",
       "arn:aws:iam::123456789012:role/ops", true},
      {R"({"Bool":{"ssm:SessionDocumentAccessCheck":"true"}})",
       "ssm:sessiondocumentaccesscheck", "true", true},
      {R"({"Bool":{"ssm:SessionDocumentAccessCheck":true}})", "ssm:sessiondocumentaccesscheck",
       "true", true},
      {R"({"Bool":{"ssm:SessionDocumentAccessCheck":"true"}})", nullptr, "", false},
      {R"({"BoolIfExists":{"ssm:SessionDocumentAccessCheck":"true"}})", nullptr, "", true},
      {R"({"BoolIfExists":{"ssm:SessionDocumentAccessCheck":"true"}})",
       "ssm:sessiondocumentaccesscheck", "false", false},
      {R"({"NumericLessThan":{"aws:MultiFactorAuthAge":"300"}})", "aws:multifactorauthage",
       "299", true},
      {R"({"NumericLessThan":{"aws:MultiFactorAuthAge":300}})", "aws:multifactorauthage", "300",
       false},
      {R"({"NumericLessThanEquals":{"aws:MultiFactorAuthAge":300}})", "aws:multifactorauthage",
       "300", true},
      {R"({"NumericGreaterThan":{"aws:MultiFactorAuthAge":300}})", "aws:multifactorauthage",
       "x", false},
      {R"({"NumericGreaterThanEquals":{"aws:MultiFactorAuthAge":300}})",
       "aws:multifactorauthage", "300", true},
      {R"({"NumericEquals":{"aws:MultiFactorAuthAge":"3e2"}})", "aws:multifactorauthage", "300",
       true},
      {R"({"DateLessThan":{"aws:CurrentTime":"2026-11-22T22:00:00Z"}})", "aws:currenttime",
       "2026-11-22T21:59:59Z", true},
      {R"({"DateLessThan":{"aws:CurrentTime":"2026-11-22T22:00:00Z"}})", "aws:currenttime",
       "2026-11-22T22:00:00Z", false},
      {R"({"DateGreaterThan":{"aws:CurrentTime":"1795384800"}})", "aws:currenttime",
       "2026-11-22T22:00:01Z", true},
      {R"({"DateLessThan":{"aws:CurrentTime":"tomorrow"}})", "aws:currenttime",
       "2026-11-22T22:00:00Z", false},
      {R"({"Null":{"aws:SourceIdentity":"false"}})", "aws:sourceidentity", "ann", true},
      {R"({"Null":{"aws:SourceIdentity":"false"}})", nullptr, "", false},
      {R"({"Null":{"aws:SourceIdentity":"true"}})", nullptr, "", true},
      {R"({"StringEquals":{"aws:SourceIdentity":"ann"},"Null":{"aws:UserName":"false"}})",
       "aws:sourceidentity", "ann", false},
  };
  for (const auto& c : cases) {
    const auto p =
        policy(std::string(R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":)") +
               c.condition + "}");
    IamRequest request{"ssm:StartSession", kInstanceArn};
    if (c.key) request.context[c.key] = c.value;
    EXPECT_EQ(p.evaluate(request) == IamEffect::kAllow, c.holds)
        << c.condition << " " << (c.key ? c.value : "absent");
  }
}

TEST(IamPolicy, VariablesStandForThemselves) {
  const auto own = policy(R"({"Effect":"Allow","Action":"*",
      "Resource":"arn:aws:ssm:*:*:session/${aws:username}-*"})");
  IamRequest request{"ssm:TerminateSession",
                     "arn:aws:ssm:eu-west-1:123456789012:session/ann-1"};
  EXPECT_EQ(own.evaluate(request), IamEffect::kNone) << "a variable without a value";
  request.context["aws:username"] = "ann";
  EXPECT_EQ(own.evaluate(request), IamEffect::kAllow);
  request.context["aws:username"] = "bob";
  EXPECT_EQ(own.evaluate(request), IamEffect::kNone);
  request.context["aws:username"] = "*";
  EXPECT_EQ(own.evaluate(request), IamEffect::kNone) << "a star in a name is no wildcard";
  const auto star = policy(R"({"Effect":"Allow","Action":"*","Resource":"a${*}b${?}c${$}"})");
  EXPECT_EQ(star.evaluate({"x:Y", "a*b?c$"}), IamEffect::kAllow);
  EXPECT_EQ(star.evaluate({"x:Y", "aXb?c$"}), IamEffect::kNone);
  const auto open = policy(R"({"Effect":"Allow","Action":"*","Resource":"a${b"})");
  EXPECT_EQ(open.evaluate({"x:Y", "a${b"}), IamEffect::kAllow);
}

TEST(IamPolicy, DenialsInAwsWords) {
  const auto allow = policy(R"({"Effect":"Allow","Action":"*","Resource":"*"})");
  const auto none = policy("[]");
  const auto deny = policy(R"({"Effect":"Deny","Action":"*","Resource":"*"})");
  const IamRequest request{"ssm:StartSession", kInstanceArn};
  const auto words = [&](const IamPolicy* identity, const IamPolicy* session) {
    return find_iam_denial(identity, session, request).value_or("allowed");
  };
  EXPECT_EQ(words(nullptr, nullptr), "allowed");
  EXPECT_EQ(words(&allow, &allow), "allowed");
  EXPECT_EQ(words(&none, nullptr),
            "because no identity-based policy allows the ssm:StartSession action");
  EXPECT_EQ(words(&allow, &none),
            "because no session policy allows the ssm:StartSession action");
  EXPECT_EQ(words(nullptr, &none),
            "because no session policy allows the ssm:StartSession action");
  EXPECT_EQ(words(&deny, &allow), "with an explicit deny in an identity-based policy");
  EXPECT_EQ(words(&none, &deny), "with an explicit deny in a session policy");
}

TEST(IamPolicy, RefusesWhatItDoesNotKnow) {
  const char* const bad[] = {
      "",
      "[]",
      "{}",
      R"({"Version":"2012-10-17"})",
      R"({"Version":"2008-10-17","Statement":[]})",
      R"({"Version":"2012-10-17","Statement":[],"Principal":"*"})",
      R"({"Version":"2012-10-17","Statement":["x"]})",
      R"({"Version":"2012-10-17","Statement":{"Action":"*","Resource":"*"}})",
      R"({"Version":"2012-10-17","Statement":{"Effect":"allow","Action":"*","Resource":"*"}})",
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*"}})",
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":"*"}})",
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":[],"Resource":"*"}})",
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":{},"Resource":"*"}})",
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","NotAction":"*",
          "Resource":"*"}})",
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*",
          "Principal":"*"}})",
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*",
          "Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}})",
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*",
          "Condition":{"NullIfExists":{"aws:SourceIp":"true"}}}})",
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*",
          "Condition":{"StringEquals":"x"}}})",
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*",
          "Condition":[]}})",
  };
  for (const auto* document : bad) {
    const auto parsed = IamPolicy::parse(document);
    ASSERT_FALSE(parsed) << document;
    EXPECT_EQ(parsed.error().code, Errc::kMalformed) << document;
    EXPECT_TRUE(parsed.error().detail.starts_with("policy: ")) << parsed.error().detail;
  }
  const auto large = IamPolicy::parse(std::string(IamPolicy::kMaxSize + 1, ' '));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, Errc::kTooLarge);
}

TEST(IamPolicy, KnowsWhoAsksForTheDocumentCheck) {
  EXPECT_TRUE(policy(R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":
      {"BoolIfExists":{"ssm:SessionDocumentAccessCheck":"true"}}})")
                  .asks_for("ssm:sessiondocumentaccesscheck"));
  EXPECT_FALSE(policy(R"({"Effect":"Allow","Action":"*","Resource":"*"})")
                   .asks_for("ssm:sessiondocumentaccesscheck"));
}

TEST(IamPolicy, Principals) {
  EXPECT_EQ(*make_principal_arn("lab"), "arn:aws:iam::123456789012:user/lab");
  EXPECT_EQ(*make_principal_arn("user/lab"), "arn:aws:iam::123456789012:user/lab");
  EXPECT_EQ(*make_principal_arn("role/team/ops"), "arn:aws:iam::123456789012:role/team/ops");
  EXPECT_EQ(*make_principal_arn("arn:aws:iam::1:role/ops"), "arn:aws:iam::1:role/ops");
  for (const char* bad : {"", "/", "role/", "a b", "arn:aws:s3:::bucket", "*"}) {
    EXPECT_FALSE(make_principal_arn(bad)) << bad;
  }
}

}  // namespace
}  // namespace passport::lab
