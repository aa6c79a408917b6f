// The user's end of a running lab's control socket.
#pragma once
#include <string>

#include "base/result.h"

namespace passport::lab {

/// The answer of the lab whose state directory that is, a line each way. Errors: kUnavailable:
/// none is up; kTimeout.
Result<std::string> ask_lab(const std::string& state_dir, std::string question);

}  // namespace passport::lab
