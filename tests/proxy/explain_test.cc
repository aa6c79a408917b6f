#include "proxy/explain.h"

#include <gtest/gtest.h>

namespace passport::proxy {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1800000000)};
const Error kFailure{Errc::kUnavailable,
                     "aws: TargetNotConnected: i-0123456789abcdef0 is not connected."};

wire::aws::InstanceInformation instance(std::string status, std::string version) {
  wire::aws::InstanceInformation i;
  i.instance_id = "i-0123456789abcdef0";
  i.ping_status = std::move(status);
  i.agent_version = std::move(version);
  i.last_ping = kNow - 3h - 5min;
  return i;
}

Error explain(const std::optional<wire::aws::InstanceInformation>& i) {
  return explain_not_connected(kFailure, "i-0123456789abcdef0", "eu-west-1", i, kNow);
}

TEST(ExplainNotConnected, UnknownHere) {
  const auto e = explain(std::nullopt);
  EXPECT_EQ(e.code, Errc::kNotFound);
  EXPECT_EQ(e.detail,
            "i-0123456789abcdef0: Systems Manager does not know this instance in eu-west-1");
  EXPECT_FALSE(e.hint.empty());
}

TEST(ExplainNotConnected, OfflineSince) {
  const auto e = explain(instance("ConnectionLost", "3.3.0.0"));
  EXPECT_EQ(e.code, Errc::kUnavailable);
  EXPECT_EQ(e.detail,
            "i-0123456789abcdef0: the instance is offline (ConnectionLost, last heard of 3 "
            "hours ago)");
  auto never = instance("Inactive", "3.3.0.0");
  never.last_ping.reset();
  EXPECT_EQ(explain(never).detail, "i-0123456789abcdef0: the instance is offline (Inactive)");
}

TEST(ExplainNotConnected, AgentTooOld) {
  const auto e = explain(instance("Online", "2.3.671.9"));
  EXPECT_EQ(e.detail,
            "i-0123456789abcdef0: its SSM agent 2.3.671.9 is older than 2.3.672.0 and cannot "
            "carry ssh");
}

TEST(ExplainNotConnected, KeepsTheServicesWordsWhenNothingIsWrong) {
  EXPECT_EQ(explain(instance("Online", "2.3.672.0")).detail, kFailure.detail);
}

TEST(DescribeDuration, UsesTheLargestUnit) {
  EXPECT_EQ(describe_duration(0s), "0 seconds");
  EXPECT_EQ(describe_duration(1s), "1 second");
  EXPECT_EQ(describe_duration(119s), "1 minute");
  EXPECT_EQ(describe_duration(3h), "3 hours");
  EXPECT_EQ(describe_duration(50h), "2 days");
  EXPECT_EQ(describe_duration(-5s), "0 seconds");
}

}  // namespace
}  // namespace passport::proxy
