#include "wire/aws/identifiers.h"

#include <algorithm>

namespace passport::wire::aws {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

}  // namespace

bool is_instance_id(std::string_view text) {
  const std::size_t prefix = text.starts_with("i-") ? 2 : text.starts_with("mi-") ? 3 : 0;
  const auto digits = text.substr(prefix);
  return prefix != 0 && digits.size() >= 8 && digits.size() <= 17 &&
         std::all_of(digits.begin(), digits.end(),
                     [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

bool is_session_id(std::string_view text) {
  return !text.empty() && text.size() <= 96 && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z') ||
                  std::string_view("+=,.@_-").find(c) != std::string_view::npos;
         });
}

bool is_command_id(std::string_view text) {
  constexpr std::string_view kShape = "00000000-0000-0000-0000-000000000000";
  return std::equal(text.begin(), text.end(), kShape.begin(), kShape.end(),
                    [](char c, char shape) {
                      return shape == '-' ? c == '-' : is_digit(c) || (c >= 'a' && c <= 'f');
                    });
}

bool is_region(std::string_view text) {
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_digit(c) || is_lower(c) || c == '-'; });
}

}  // namespace passport::wire::aws
