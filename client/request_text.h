// Access requests as people read them. Pure: what passportd answered and the time are
// arguments.
#pragma once
#include <cstdint>
#include <string>

#include "base/json.h"

namespace passport::client {

struct TextStyle {
  std::int64_t now = 0;  ///< Unix seconds
  bool colour = false;   ///< for a terminal
};

/// A table, one line a request, with a heading; empty for none. Requests as the API lists them.
std::string render_requests(const json::array& requests, const TextStyle& style);

/// All there is to say about one, line by line.
std::string render_request(const json::object& request, const TextStyle& style);

/// How far a request is: "2 of 3 instances active".
std::string describe_progress(const json::object& request);

/// What has become of its instances.
struct Progress {
  std::size_t active = 0;
  std::size_t failed = 0;
  std::size_t all = 0;
  bool settled = false;  ///< nothing changes by itself any more
};
Progress find_progress(const json::object& request);

/// "59 min", "1 h 5 min", "30 s".
std::string render_time_left(std::int64_t seconds);

}  // namespace passport::client
