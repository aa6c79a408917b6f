// From what is active to what the agent holds.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "config-gen/agent.h"
#include "config-gen/render.h"

namespace passport::config_gen {

struct Holdings {
  HeldByRequest held{};
  std::optional<Error> failed{};  ///< of a request that it could not be given keys for
};

/// Has the agent of the directory hold keys of the type ("all", "ed25519", "rsa") for these
/// requests, until they end, and for no others of passportd's. Where none runs and one is
/// needed, it is started; what it holds already stays as it is. Returns what it holds then:
/// one request that fails is not in the way of the others.
net::Task<Result<Holdings>> hold_all(std::string directory,
                                     const std::vector<CertifiedAccess>& accesses,
                                     std::string key_type, api::Service service);

}  // namespace passport::config_gen
