// From what is active to what the agent holds.
#pragma once
#include <string>
#include <vector>

#include "config-gen/agent.h"
#include "config-gen/render.h"

namespace passport::config_gen {

/// Has the agent of the directory hold keys of the type ("all", "ed25519", "rsa") for these
/// requests, until they end, and for no others of passportd's. Where none runs and one is
/// needed, it is started; what it holds already stays as it is. Returns what it holds then.
net::Task<Result<HeldByRequest>> hold_all(std::string directory,
                                          const std::vector<CertifiedAccess>& accesses,
                                          std::string key_type, api::Service service);

}  // namespace passport::config_gen
