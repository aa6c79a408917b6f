// Several waits at once.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "net/event.h"

namespace passport::net {

using Job = std::function<Task<void>()>;

/// Runs the jobs in their order, `at_once` of them at a time; returns when all have ended. What
/// the last of those that throw has thrown is thrown then.
Task<void> run_together(std::vector<Job> jobs, std::size_t at_once);

}  // namespace passport::net
