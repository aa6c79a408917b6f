// Processes that go on when the one that has started them, and its terminal, are gone.
#pragma once
#include <functional>
#include <string>

#include "base/result.h"

namespace passport::net {

/// What it does until it ends. say_ready(ready_fd) lets start_in_background() return.
using BackgroundWork = std::function<Result<void>(int ready_fd)>;

/// Runs `work` in a child without a terminal, whose standard error is the file `log`; returns
/// when it is ready. `name` is for messages: "the agent". Errors: those of `work`, as
/// kUnavailable; kTimeout. Before any thread.
Result<void> start_in_background(const std::string& name, const std::string& log,
                                 const BackgroundWork& work);

/// Once; nothing where `fd` is negative.
void say_ready(int fd);

}  // namespace passport::net
