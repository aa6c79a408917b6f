// The listing calls of Systems Manager: filters and pages over the lab's tables.
#pragma once
#include <variant>

#include "base/json.h"
#include "lab/api_call.h"

namespace passport::lab {

std::variant<json::object, ApiError> describe_instance_information(const ApiCall& call,
                                                                   const json::object& request);
std::variant<json::object, ApiError> describe_sessions(const ServiceState& state,
                                                       const json::object& request);

}  // namespace passport::lab
