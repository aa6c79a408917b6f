// Access requests as people read them. Pure: what passportd answered and the time are
// arguments.
#pragma once
#include <cstdint>
#include <string>

#include "base/json.h"
#include "client/table.h"

namespace passport::client {

/// A table, one line a request, with a heading; empty for none. Requests as the API lists them.
std::string render_requests(const json::array& requests, const TextStyle& style);

/// All there is to say about one, line by line.
std::string render_request(const json::object& request, const TextStyle& style);

/// "59 min", "1 h 5 min", "30 s".
std::string render_time_left(std::int64_t seconds);

/// How long it is until the request's end; "over"; empty where it has none.
std::string find_time_left(const json::object& request, std::int64_t now);

/// The state of a request or instance, in the colour it has.
Cell state_cell(const std::string& state);

/// The string at `key`, made harmless.
std::string text_of(const json::object& object, std::string_view key);

}  // namespace passport::client
