// Starting an agent: in the foreground, or as a process of its own.
#pragma once
#include <chrono>
#include <string>

#include "base/result.h"

namespace passport::keyagent {

struct StartOptions {
  std::string directory{};         ///< as aws::make_own_directory() leaves it
  std::chrono::seconds idle{900};  ///< 0: it does not end by itself
};

/// Runs the agent in this process until it ends. Sockets that systemd passes are taken.
/// `ready_fd`, where it is not negative, gets one line when they listen, and is closed. Errors:
/// those of lock and sockets.
Result<void> run_agent(const StartOptions& options, int ready_fd);

/// Starts one in the background, unless one runs; returns when it listens. Its standard error
/// goes to agent.log in the directory. Errors: those of run_agent(); kTimeout. Before any
/// thread.
Result<void> start_agent(const StartOptions& options);

}  // namespace passport::keyagent
