// Requests of the query protocol: forms. Answers are XML.
#pragma once
#include <string_view>
#include <utility>
#include <vector>

#include "wire/http.h"

namespace passport::wire::aws {

using QueryFields = std::vector<std::pair<std::string_view, std::string_view>>;

/// The POST of one action, not signed. Fields that are empty are left out.
HttpRequest make_query_request(std::string_view action, std::string_view version,
                               const QueryFields& fields);

}  // namespace passport::wire::aws
