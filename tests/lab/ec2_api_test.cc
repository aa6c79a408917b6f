// DescribeInstances, and what instances are called.
#include "lab/ec2_api.h"

#include <random>

#include <gtest/gtest.h>

#include "lab/service.h"
#include "lab/tag_control.h"
#include "tests/lab/signing.h"
#include "wire/aws/ec2_messages.h"

namespace passport::lab {
namespace {

constexpr std::int64_t kNow = 1795370400;
constexpr char kFirst[] = "i-00000000000000001";
constexpr char kSecond[] = "i-00000000000000002";
constexpr char kManaged[] = "mi-00000000000000003";
const std::string kQuery = "Action=DescribeInstances&Version=2016-11-15";

class Ec2ApiTest : public testing::Test {
 protected:
  Ec2ApiTest()
      : state("eu-west-1", [this](std::span<std::uint8_t> out) {
          for (auto& b : out) b = static_cast<std::uint8_t>(numbers_());
        }) {
    state.add_instance({.id = kFirst, .computer_name = "lab-1"});
    state.add_instance({.id = kSecond, .agent = AgentKind::kNone, .online = false});
    state.add_instance({.id = kManaged, .computer_name = "hall"});
    key.id = state.add_user_key("lab");
    key.secret = state.find_key(key.id)->secret.reveal();
  }
  wire::HttpResponse send(wire::HttpRequest request, const std::string& service = "ec2") {
    request.headers.emplace_back("Host", "127.0.0.1:4443");
    sign(request, key, service, "eu-west-1", kNow);
    return answer_request(state, request, kNow);
  }
  wire::HttpResponse ec2(const std::string& body) {
    return send({"POST", "/", {{"Content-Type", "application/x-www-form-urlencoded"}}, body});
  }
  /// Ids, by spaces.
  std::string listed(const std::string& more) {
    const auto answer = ec2(kQuery + more);
    EXPECT_EQ(answer.status, 200) << answer.body;
    const auto page = wire::aws::parse_instances(answer.body);
    EXPECT_TRUE(page) << answer.body;
    std::string out;
    for (const auto& instance : page->instances) out += instance.instance_id + " ";
    return out + page->next_token;
  }
  std::string refused(const std::string& body) {
    const auto answer = ec2(body);
    EXPECT_NE(answer.status, 200) << answer.body;
    const auto from = answer.body.find("<Code>") + 6;
    return answer.body.substr(from, answer.body.find('<', from) - from);
  }
  void tag(const std::string& id, const std::vector<std::string>& words) {
    TagRequest request{id};
    for (const auto& word : words) ASSERT_TRUE(take_tag_word(request, word));
    const auto told = parse_tag_request(serialize_tag_request(request));
    ASSERT_TRUE(told && *told);
    ASSERT_TRUE(apply_tag_request(state, **told));
  }

  ServiceState state;
  TestKey key;

 private:
  std::mt19937 numbers_{1};  // NOLINT: the same in every run
};

TEST_F(Ec2ApiTest, WhatPassportAsksIsAnswered) {
  const std::string hostile =
      "a\nHost *\r\n\tProxyCommand \x1b[2J\x01 <&\"'> \xf0\x9f\x98\x80 $(id) %h";
  tag(kFirst, {"Name=" + hostile, "a key=", "x=y=z", "gone=1"});
  tag(kFirst, {"gone"});
  auto request =
      wire::aws::make_describe_instances({kFirst, "i-0ffffffffffffffff", kSecond}, "");
  const auto answer = send(std::move(request));
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto page = wire::aws::parse_instances(answer.body);
  ASSERT_TRUE(page) << answer.body;
  ASSERT_EQ(page->instances.size(), 2U);
  EXPECT_EQ(page->instances[0].tags, (std::map<std::string, std::string>{
                                         {"Name", hostile}, {"a key", ""}, {"x", "y=z"}}));
  EXPECT_TRUE(page->instances[1].tags.empty());
}

TEST_F(Ec2ApiTest, FiltersAndPages) {
  const std::string first = std::string(kFirst) + " ";
  const std::string second = std::string(kSecond) + " ";
  tag(kFirst, {"Role=web"});
  EXPECT_EQ(listed(""), first + second) << "EC2 has no managed instances";
  EXPECT_EQ(listed("&InstanceId.1=" + std::string(kSecond)), second);
  EXPECT_EQ(listed("&Filter.1.Name=tag:Role&Filter.1.Value.1=db&Filter.1.Value.2=web"), first);
  EXPECT_EQ(listed("&Filter.1.Name=tag-key&Filter.1.Value.1=Role"), first);
  EXPECT_EQ(listed("&Filter.1.Name=instance-state-name&Filter.1.Value.1=stopped"), second);
  EXPECT_EQ(listed("&Filter.1.Name=tag-key&Filter.1.Value.1=Role"
                   "&Filter.2.Name=instance-state-name&Filter.2.Value.1=stopped"),
            "");
  for (unsigned i = 11; i <= 15; ++i)
    state.add_instance({.id = "i-000000000000000" + std::to_string(i)});
  EXPECT_EQ(listed("&MaxResults=5").substr(100), "i-00000000000000013");
  EXPECT_EQ(listed("&MaxResults=5&NextToken=i-00000000000000013"),
            "i-00000000000000014 i-00000000000000015 ");
}

TEST_F(Ec2ApiTest, RefusalsAreThoseOfEc2) {
  EXPECT_EQ(refused(kQuery + "&InstanceId.1=i-0ffffffffffffffff"),
            "InvalidInstanceID.NotFound");
  EXPECT_EQ(refused(kQuery + "&InstanceId.1=" + kManaged), "InvalidInstanceID.Malformed");
  EXPECT_EQ(refused(kQuery + "&MaxResults=4"), "InvalidParameterValue");
  EXPECT_EQ(refused(kQuery + "&MaxResults=5&InstanceId.1=" + kFirst),
            "InvalidParameterCombination");
  EXPECT_EQ(refused(kQuery + "&Filter.1.Name=colour&Filter.1.Value.1=red"),
            "InvalidParameterValue");
  std::string many = kQuery + "&Filter.1.Name=instance-id";
  for (int i = 1; i <= 201; ++i) many += "&Filter.1.Value." + std::to_string(i) + "=i-0";
  EXPECT_EQ(refused(many), "FilterLimitExceeded");
  EXPECT_EQ(refused("Action=RunInstances&Version=2016-11-15"), "InvalidAction");
  state.faults.policies["arn:aws:iam::123456789012:user/lab"] =
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ssm:*","Resource":"*"}})";
  EXPECT_EQ(refused(kQuery), "UnauthorizedOperation");
  key.secret += "x";
  EXPECT_EQ(refused(kQuery), "AuthFailure");
  const auto audit = state.take_audit();
  EXPECT_EQ(audit.back().action, "ec2:DescribeInstances");
  EXPECT_EQ(audit.back().result, "AuthFailure");
  EXPECT_EQ(audit.at(audit.size() - 2).result, "UnauthorizedOperation");
}

TEST_F(Ec2ApiTest, TheSignatureIsForEc2) {
  const wire::HttpRequest request{
      "POST", "/", {{"Content-Type", "application/x-www-form-urlencoded"}}, kQuery};
  EXPECT_EQ(send(request, "sts").status, 401);
  EXPECT_EQ(send(request).status, 200);
}

TEST_F(Ec2ApiTest, PlatformAndNameAreThoseOfSystemsManager) {
  const auto known = [&](const std::string& id) {
    wire::HttpRequest request{
        "POST",
        "/",
        {{"Content-Type", "application/x-amz-json-1.1"},
         {"X-Amz-Target", "AmazonSSM.DescribeInstanceInformation"}},
        R"({"Filters":[{"Key":"InstanceIds","Values":[")" + id + "\"]}]}"};
    return send(std::move(request), "ssm").body;
  };
  EXPECT_NE(known(kFirst).find(R"("PlatformType":"Linux")"), std::string::npos);
  EXPECT_EQ(known(kManaged).find(R"("Name":)"), std::string::npos);
  TagRequest request{kManaged, {}, {}, "Windows", "a \"name\"\n"};
  ASSERT_TRUE(apply_tag_request(state, **parse_tag_request(serialize_tag_request(request))));
  EXPECT_NE(known(kManaged).find(R"("PlatformType":"Windows")"), std::string::npos);
  EXPECT_NE(known(kManaged).find(R"("Name":"a \"name\"\n")"), std::string::npos);
  tag(kManaged, {"Role=db"});
  EXPECT_NE(known(kManaged).find(R"("PlatformType":"Windows")"), std::string::npos)
      << "it stays";
  ASSERT_TRUE(apply_tag_request(state, {kFirst, {}, {}, "Windows", {}}));
  EXPECT_NE(ec2(kQuery).body.find("<platform>windows</platform>"), std::string::npos);
}

TEST_F(Ec2ApiTest, TagsThatAwsHasNotAreRefused) {
  TagRequest request{kFirst};
  for (const auto& bad : {std::string("=value"), std::string(), std::string(129, 'k') + "=",
                          "a=" + std::string(257, 'v'), std::string("a=\xff")})
    EXPECT_EQ(take_tag_word(request, bad).error().code, Errc::kUsage) << bad;
  EXPECT_TRUE(take_tag_word(request, "a=" + std::string(256, 'v')));
  EXPECT_EQ(apply_tag_request(state, {"i-0ffffffffffffffff"}).error().code, Errc::kNotFound);
  EXPECT_EQ(apply_tag_request(state, {kFirst, {}, {}, "BeOS", {}}).error().code, Errc::kUsage);
  TagRequest many{kFirst};
  for (int i = 0; i < 51; ++i) many.tags[std::to_string(i)] = "";
  EXPECT_EQ(apply_tag_request(state, many).error().code, Errc::kUsage);
  EXPECT_TRUE(state.find_instance(kFirst)->tags.empty());
  for (const auto* bad :
       {R"({"tag":"i-1"})", R"({"tag":"i-1","set":[],"remove":[]})",
        R"({"tag":"i-1","set":{"a":1},"remove":[]})", R"({"tag":"i-1","set":{},"remove":[1]})"})
    EXPECT_EQ(parse_tag_request(bad).error().code, Errc::kMalformed) << bad;
  const auto other = parse_tag_request(R"({"show":true})");
  EXPECT_TRUE(other && !*other);
}

}  // namespace
}  // namespace passport::lab
