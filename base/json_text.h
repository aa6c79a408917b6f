// JSON for people's terminals.
#pragma once
#include <string>

#include "base/json.h"

namespace passport {

/// The value as JSON, with \uXXXX for each character that escape_for_terminal() would not show,
/// and in place of bytes that are not UTF-8.
std::string render_json(const json::value& value);

}  // namespace passport
