// Why a target cannot be reached, in words that say what to do.
#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "wire/aws/ssm_messages.h"

namespace passport::proxy {

/// The first agent that can carry a port (its plugin "Port").
inline constexpr std::string_view kPortsSince = "2.3.672.0";

/// What an agent older than that answers to a session with a port.
inline constexpr std::string_view kNoPortPlugin = "Plugin with name Port is not supported";

/// TargetNotConnected, explained by what DescribeInstanceInformation says of the target;
/// nullopt: it is not known there. `failure` is StartSession's, kept when nothing better can be
/// said.
Error explain_not_connected(const Error& failure, const std::string& target,
                            const std::string& region,
                            const std::optional<wire::aws::InstanceInformation>& instance,
                            std::chrono::sys_seconds now);

/// "3 minutes", "2 days": the largest unit, rounded down.
std::string describe_duration(std::chrono::seconds d);

}  // namespace passport::proxy
