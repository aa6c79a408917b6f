// The folder of this user's on this machine: the agent's sockets, what passport-ssh-config
// writes, the turns to start sessions.
#pragma once
#include <string>

#include "aws/environment.h"
#include "base/result.h"

namespace passport::aws {

/// $XDG_RUNTIME_DIR/passport or $XDG_STATE_HOME/passport (by default ~/.local/state), absolute.
/// Errors: kConfig.
Result<std::string> find_own_directory(const Environment& environment);

/// Makes it, and those above it, where they are missing, and checks that nobody else can enter
/// it. Errors: kConfig, kDenied.
Result<void> make_own_directory(const std::string& path);

}  // namespace passport::aws
