// passport-proxy's one job, from credentials to the session's end.
#pragma once
#include "proxy/options.h"

namespace passport::proxy {

/// Starts a session to the target and carries stdin and stdout over it until one side ends.
/// Returns the exit status; everything that went wrong has been said on stderr.
int run_proxy(const Options& options);

}  // namespace passport::proxy
