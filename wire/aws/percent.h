// Percent-encoding as AWS wants it: RFC 3986 unreserved characters stay, all else is %XX.
#pragma once
#include <string>
#include <string_view>

namespace passport::wire::aws {

/// Characters of `also_plain` stay too.
std::string encode_percent(std::string_view text, std::string_view also_plain = {});

/// A '%' without two hexadecimal digits stays as it is.
std::string decode_percent(std::string_view text);

/// decode_percent, and '+' is a space: the rule of forms and queries.
std::string decode_form(std::string_view text);

}  // namespace passport::wire::aws
