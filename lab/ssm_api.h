// Systems Manager as the lab speaks it: JSON 1.1 over POST /.
#pragma once
#include <string_view>

#include "lab/api_call.h"

namespace passport::lab {

/// Answers `operation` ("StartSession"), whose JSON text is `body`. Errors as AWS spells them.
wire::HttpResponse answer_ssm(const ApiCall& call, std::string_view operation,
                              std::string_view body);

}  // namespace passport::lab
