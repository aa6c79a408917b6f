// JSON from outside: parsed with bounds, read field by field without exceptions.
#pragma once
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/result.h"

namespace passport {

namespace json = boost::json;

/// Parses one whole JSON text whose outermost value is an object. At most `most` bytes and 32
/// levels. Errors: kMalformed, kTooLarge; `what` names the text in the message.
inline constexpr std::size_t kMaxJsonSize = 4 << 20;
Result<json::object> parse_json_object(std::string_view text, std::string_view what,
                                       std::size_t most = kMaxJsonSize);

/// The string at `key`; empty when it is absent, null or not a string.
std::string find_string(const json::object& object, std::string_view key);

/// The object at `key`; nullptr when it is absent or something else. Valid as long as `object`.
const json::object* find_object(const json::object& object, std::string_view key);

/// The array at `key`; nullptr when it is absent or something else. Valid as long as `object`.
const json::array* find_array(const json::object& object, std::string_view key);

}  // namespace passport
