// What is wrong with an instance, as Systems Manager knows it, in words that say what to do.
#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "wire/aws/ssm_messages.h"

namespace passport::aws {

/// The first agent that can carry a port (its plugin "Port").
inline constexpr std::string_view kPortsSince = "2.3.672.0";

/// What an agent older than that answers to a session with a port.
inline constexpr std::string_view kNoPortPlugin = "Plugin with name Port is not supported";

/// Why no session with the target can carry ssh, by what DescribeInstanceInformation says of it
/// in `region`; `instance` empty: it is not known there. nullopt: nothing is to be seen.
std::optional<Error> find_target_fault(
    const std::string& target, const std::string& region,
    const std::optional<wire::aws::InstanceInformation>& instance,
    std::chrono::sys_seconds now);

}  // namespace passport::aws
