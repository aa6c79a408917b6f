// The process that keeps ssh_config and the agent's keys current.
#pragma once
#include "config-gen/ssh_config.h"

namespace passport::config_gen {

/// Errors: kConflict: one runs already, for another ssh_config.
Result<void> find_other_watch(const Places& places);

/// Asks the service again and again, and writes what has changed. Ends by a signal, at
/// once by a second one, when the agent has, or when nothing has been active for kWatchIdle. In
/// the foreground it is this process, else one of its own, which is said; where one runs
/// already, that is said. Returns the exit status.
inline constexpr std::chrono::minutes kWatchIdle{15};
int run_watch(const api::Settings& settings, const SshConfigWish& wish, const Places& places);

}  // namespace passport::config_gen
