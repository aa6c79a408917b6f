// Random identifiers and the wall clock, for pure code that takes them as arguments.
#pragma once
#include "wire/ssm/channel.h"

namespace passport::net {

/// Version 4 UUIDs from the system's generator, drawn in batches.
wire::ssm::UuidSource random_uuids();

/// Now, on both clocks.
wire::ssm::ClockOrigin clock_now();

}  // namespace passport::net
