// Run Command as the lab speaks it: AWS-RunShellScript on instances that are online.
#pragma once
#include <string_view>

#include "base/json.h"
#include "lab/api_call.h"

namespace passport::lab {

inline constexpr std::string_view kShellScriptDocument = "AWS-RunShellScript";

/// SendCommand, ListCommandInvocations, GetCommandInvocation, CancelCommand.
bool is_command_call(std::string_view operation);
wire::HttpResponse answer_command_call(const ApiCall& call, std::string_view operation,
                                       const json::object& request);

}  // namespace passport::lab
