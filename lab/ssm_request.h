// What the calls of Systems Manager share: names of resources, parameters, pages.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"
#include "lab/api_call.h"

namespace passport::lab {

ApiError validation_error(std::string message);

std::string instance_arn(const ServiceState& state, std::string_view id);
/// AWS's own documents belong to no account; an empty name is that of a shell.
std::string document_arn(const ServiceState& state, const std::string& name);

/// "Parameters": lists of strings.
std::variant<Parameters, ApiError> read_parameters(const json::object& request);

/// MaxResults of a request: `fallback` when absent; an error out of [low, high].
std::variant<std::size_t, ApiError> read_max_results(const json::object& request,
                                                     std::size_t low, std::size_t high,
                                                     std::size_t fallback);

/// Cuts one page out of `items`, which are in the order of their keys. NextToken is the key of
/// the last item of the page before.
json::object make_page(std::string_view name,
                       std::vector<std::pair<std::string, json::object>> items,
                       const std::string& after, std::size_t most);

}  // namespace passport::lab
