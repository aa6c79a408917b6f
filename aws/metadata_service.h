// Credentials from the services that machines have for their programs: containers and
// instances.
#pragma once
#include <optional>
#include <string>

#include "aws/credential_search.h"
#include "aws/world.h"
#include "net/asio.h"

namespace passport::aws {

/// What AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI name; nothing when neither is set.
/// Plain http goes to loopback and to the addresses of ECS and EKS alone.
/// Errors: kConfig when variables cannot be used; kUnavailable when the service fails.
net::Task<Found> find_container_credentials(const World& world, net::Deadline deadline);

/// Instance metadata, by version 2 of its protocol; nothing when it is not there (a second
/// is waited), is switched off, or the instance has no role. `endpoint` empty: the usual one.
/// `why_not` says which. Errors: kConfig for an endpoint that cannot be used, kUnavailable when
/// the service is there and fails.
net::Task<Found> find_instance_credentials(const World& world, std::string endpoint,
                                           std::string& why_not, net::Deadline deadline);

}  // namespace passport::aws
