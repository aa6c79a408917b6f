#include "proxy/explain.h"

#include <array>

#include <fmt/format.h>

#include "wire/ssm/payloads.h"

namespace passport::proxy {

std::string describe_duration(std::chrono::seconds d) {
  struct Unit {
    std::chrono::seconds size;
    const char* name;
  };
  constexpr std::array<Unit, 4> kUnits = {{{std::chrono::hours(24), "day"},
                                           {std::chrono::hours(1), "hour"},
                                           {std::chrono::minutes(1), "minute"},
                                           {std::chrono::seconds(1), "second"}}};
  for (const auto& unit : kUnits) {
    const auto n = d / unit.size;
    if (n >= 1) return fmt::format("{} {}{}", n, unit.name, n == 1 ? "" : "s");
  }
  return "0 seconds";
}

Error explain_not_connected(const Error& failure, const std::string& target,
                            const std::string& region,
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
  return failure;
}

}  // namespace passport::proxy
