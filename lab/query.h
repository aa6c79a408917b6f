// The parts of a request target and of a form body, decoded.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace passport::lab {

using QueryItems = std::vector<std::pair<std::string, std::string>>;

/// "%41b+c" -> "Ab c". A '%' without two digits stays as it is.
std::string decode_percent(std::string_view text);

/// "a=1&b" -> {a, 1}, {b, ""}, decoded, in the order given.
QueryItems parse_query(std::string_view query);

/// The first value of `name`; empty when there is none.
std::string find_item(const QueryItems& items, std::string_view name);

/// A request target's path (as received) and query (without '?').
std::pair<std::string_view, std::string_view> split_target(std::string_view target);

}  // namespace passport::lab
