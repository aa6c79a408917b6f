#include "aws/target_fault.h"

#include <gtest/gtest.h>

namespace passport::aws {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1800000000)};
wire::aws::InstanceInformation instance(std::string status, std::string version) {
  wire::aws::InstanceInformation i;
  i.instance_id = "i-0123456789abcdef0";
  i.ping_status = std::move(status);
  i.agent_version = std::move(version);
  i.last_ping = kNow - 3h - 5min;
  return i;
}

Error fault_of(const std::optional<wire::aws::InstanceInformation>& i) {
  return find_target_fault("i-0123456789abcdef0", "eu-west-1", i, kNow)
      .value_or(Error{Errc::kInternal, "none"});
}

TEST(TargetFault, UnknownHere) {
  const auto e = fault_of(std::nullopt);
  EXPECT_EQ(e.code, Errc::kNotFound);
  EXPECT_EQ(e.detail,
            "i-0123456789abcdef0: Systems Manager does not know this instance in eu-west-1");
  EXPECT_FALSE(e.hint.empty());
}

TEST(TargetFault, OfflineSince) {
  const auto e = fault_of(instance("ConnectionLost", "3.3.0.0"));
  EXPECT_EQ(e.code, Errc::kUnavailable);
  EXPECT_EQ(e.detail,
            "i-0123456789abcdef0: the instance is offline (ConnectionLost, last heard of 3 "
            "hours ago)");
  auto never = instance("Inactive", "3.3.0.0");
  never.last_ping.reset();
  EXPECT_EQ(fault_of(never).detail, "i-0123456789abcdef0: the instance is offline (Inactive)");
}

TEST(TargetFault, AgentTooOld) {
  const auto e = fault_of(instance("Online", "2.3.671.9"));
  EXPECT_EQ(e.detail,
            "i-0123456789abcdef0: its SSM agent 2.3.671.9 is older than 2.3.672.0 and cannot "
            "carry ssh");
}

TEST(TargetFault, NothingIsWrong) {
  EXPECT_EQ(fault_of(instance("Online", "2.3.672.0")).detail, "none");
}

}  // namespace
}  // namespace passport::aws
