#include "base/json.h"

#include <boost/json/parse.hpp>

namespace passport {

Result<json::object> parse_json_object(std::string_view text, std::string_view what,
                                       std::size_t most) {
  if (text.size() > most) return Error{Errc::kTooLarge, std::string(what) + ": too large"};
  boost::system::error_code ec;
  auto value = json::parse({text.data(), text.size()}, ec);
  if (ec) return Error{Errc::kMalformed, std::string(what) + ": not JSON: " + ec.message()};
  if (!value.is_object())
    return Error{Errc::kMalformed, std::string(what) + ": not a JSON object"};
  return std::move(value.get_object());
}

std::string find_string(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  const auto* text = value != nullptr ? value->if_string() : nullptr;
  return text != nullptr ? std::string(text->data(), text->size()) : std::string();
}

const json::object* find_object(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr ? value->if_object() : nullptr;
}

const json::array* find_array(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr ? value->if_array() : nullptr;
}

}  // namespace passport
