#include "wire/aws/ec2_messages.h"

#include <gtest/gtest.h>

namespace passport::wire::aws {
namespace {

/// The shape of EC2's documentation of DescribeInstances, shortened by what is not read.
constexpr std::string_view kAnswer = R"(<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
    <requestId>8f7724cf-496f-496e-8fe3-example</requestId>
    <reservationSet>
        <item>
            <reservationId>r-1234567890abcdef0</reservationId>
            <ownerId>123456789012</ownerId>
            <groupSet/>
            <instancesSet>
                <item>
                    <instanceId>i-1234567890abcdef0</instanceId>
                    <imageId>ami-bff32ccc</imageId>
                    <instanceState>
                        <code>16</code>
                        <name>running</name>
                    </instanceState>
                    <productCodes/>
                    <instanceType>t2.micro</instanceType>
                    <placement>
                        <availabilityZone>eu-west-1c</availabilityZone>
                        <tenancy>default</tenancy>
                    </placement>
                    <groupSet>
                        <item>
                            <groupId>sg-e4076980</groupId>
                            <groupName>SecurityGroup1</groupName>
                        </item>
                    </groupSet>
                    <tagSet>
                        <item>
                            <key>Name</key>
                            <value>Server_1</value>
                        </item>
                        <item>
                            <key>Environment</key>
                            <value/>
                        </item>
                    </tagSet>
                    <networkInterfaceSet>
                        <item>
                            <tagSet><item><key>Name</key><value>an interface</value></item></tagSet>
                        </item>
                    </networkInterfaceSet>
                </item>
                <item>
                    <instanceId>i-1234567890abcdef1</instanceId>
                    <tagSet/>
                </item>
            </instancesSet>
        </item>
        <item>
            <instancesSet>
                <item>
                    <instanceId>i-1234567890abcdef2</instanceId>
                </item>
            </instancesSet>
        </item>
    </reservationSet>
    <nextToken>abc=</nextToken>
</DescribeInstancesResponse>
)";

std::string answer(const std::string& tags) {
  return "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>"
         "i-0123456789abcdef0</instanceId><tagSet>" +
         tags +
         "</tagSet></item></instancesSet></item></reservationSet>"
         "</DescribeInstancesResponse>";
}
std::string tag(const std::string& key, const std::string& value) {
  return "<item><key>" + key + "</key><value>" + value + "</value></item>";
}

TEST(Ec2Messages, AskByAFilter) {
  EXPECT_EQ(make_describe_instances({"i-1", "i-2"}, "").body,
            "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=instance-id&"
            "MaxResults=30&Filter.1.Value.1=i-1&Filter.1.Value.2=i-2");
  EXPECT_EQ(make_describe_instances({"i-1"}, "a=b").body,
            "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=instance-id&"
            "MaxResults=30&NextToken=a%3Db&Filter.1.Value.1=i-1");
}

TEST(Ec2Messages, InstancesOfAllReservations) {
  const auto page = parse_instances(kAnswer);
  ASSERT_TRUE(page) << page.error().detail;
  EXPECT_EQ(page->next_token, "abc=");
  ASSERT_EQ(page->instances.size(), 3U);
  EXPECT_EQ(page->instances[0].instance_id, "i-1234567890abcdef0");
  EXPECT_EQ(page->instances[0].tags,
            (std::map<std::string, std::string>{{"Environment", ""}, {"Name", "Server_1"}}));
  EXPECT_EQ(page->instances[1].instance_id, "i-1234567890abcdef1");
  EXPECT_TRUE(page->instances[1].tags.empty());
  EXPECT_EQ(page->instances[2].instance_id, "i-1234567890abcdef2");
  const auto none = parse_instances(
      "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>");
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->instances.empty() && none->next_token.empty());
}

TEST(Ec2Messages, WhatIsCutShortIsNoAnswer) {
  const auto end = kAnswer.rfind('>');
  for (std::size_t size = 0; size < end; ++size)
    EXPECT_FALSE(parse_instances(kAnswer.substr(0, size))) << size;
  for (const std::string bad : {"", "no", "<a/>", "<DescribeInstancesResponse/>",
                                "<Response><Errors><Error><Code>UnauthorizedOperation</Code></"
                                "Error></Errors></Response>"})
    EXPECT_EQ(parse_instances(bad).error().code, Errc::kProtocol) << bad;
}

TEST(Ec2Messages, NamespacesDoNotCount) {
  std::string text(kAnswer);
  for (std::size_t at = text.find('<', 1); at != std::string::npos; at = text.find('<', at + 1))
    text.insert(at + (text[at + 1] == '/' ? 2 : 1), "e:");
  text.insert(text.find(" xmlns"), " xmlns:e=\"u\"");
  const auto page = parse_instances(text);
  ASSERT_TRUE(page) << text;
  EXPECT_EQ(page->instances.at(0).tags.at("Name"), "Server_1");
}

TEST(Ec2Messages, TextIsKeptAsItIs) {
  const auto page =
      parse_instances(answer(tag("Name", "a&#10;Host *&#13;&#27;[2J &quot;$(id)&lt;&amp;%h") +
                             tag("\xd0\xbc\xd0\xb8\xd1\x80", "\xe2\x80\xae") + tag("-o", "--") +
                             tag("c", "<![CDATA[<item>]]>")));
  ASSERT_TRUE(page);
  const auto& tags = page->instances.at(0).tags;
  EXPECT_EQ(tags.at("Name"), "a\nHost *\r\x1b[2J \"$(id)<&%h");
  EXPECT_EQ(tags.at("\xd0\xbc\xd0\xb8\xd1\x80"), "\xe2\x80\xae");
  EXPECT_EQ(tags.at("-o"), "--");
  EXPECT_EQ(tags.at("c"), "<item>");
}

TEST(Ec2Messages, WhatAwsCannotHaveIsLeftOut) {
  const std::string wide = "\xf0\x9f\x98\x80";
  const auto times = [](std::size_t n, const std::string& text) {
    std::string out;
    while (n-- > 0) out += text;
    return out;
  };
  const auto page = parse_instances(
      answer(tag("", "no key") + tag(times(128, wide), times(256, wide)) +
             tag(times(129, "k"), "") + tag("long", times(257, "v")) + tag("bad", "\xff\xfe") +
             tag("surrogate", "&#xd800;") + tag("twice", "1") + tag("twice", "2")));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->instances.at(0).tags,
            (std::map<std::string, std::string>{{times(128, wide), times(256, wide)},
                                                {"twice", "1"}}));
  auto text = answer(tag("a", "b"));
  text.replace(text.find("i-0123456789abcdef0"), 19, "../etc/passwd");
  EXPECT_TRUE(parse_instances(text)->instances.empty());
}

}  // namespace
}  // namespace passport::wire::aws
