#include "aws/target_fault.h"

#include <fmt/format.h>

#include "base/duration.h"
#include "wire/ssm/payloads.h"

namespace passport::aws {

std::optional<Error> find_target_fault(
    const std::string& target, const std::string& region,
    const std::optional<wire::aws::InstanceInformation>& instance,
    std::chrono::sys_seconds now) {
  if (!instance)
    return Error{
        Errc::kNotFound,
        fmt::format("{}: Systems Manager does not know this instance in {}", target, region),
        "check region and account; the instance needs a running SSM agent and an instance "
        "profile "
        "that allows it to register"};
  if (instance->ping_status != "Online") {
    const auto since = instance->last_ping
                           ? fmt::format(", last heard of {} ago",
                                         describe_duration(now - *instance->last_ping))
                           : std::string();
    return Error{
        Errc::kUnavailable,
        fmt::format("{}: the instance is offline ({}{})", target, instance->ping_status, since),
        "start the instance, or its SSM agent (systemctl start amazon-ssm-agent)"};
  }
  if (wire::ssm::compare_versions(instance->agent_version, kPortsSince) < 0)
    return Error{Errc::kUnavailable,
                 fmt::format("{}: its SSM agent {} is older than {} and cannot carry ssh",
                             target, instance->agent_version, kPortsSince),
                 "update the agent (Run Command document AWS-UpdateSSMAgent)"};
  return {};
}

}  // namespace passport::aws
