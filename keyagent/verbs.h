// What passport-agent's verbs do and print.
#pragma once
#include <string>

#include "keyagent/control_messages.h"
#include "keyagent/start.h"

namespace passport::keyagent {

/// These return the exit status, and have said why it is not 0.

/// Prints the path of the agent's socket. `foreground`: runs until it ends.
int run_start(const StartOptions& options, bool foreground);

/// Asks the running agent; prints what there is to print. With `start`, one is started where
/// none runs.
int run_request(const StartOptions& options, const ControlRequest& request, bool as_json,
                bool start);

}  // namespace passport::keyagent
