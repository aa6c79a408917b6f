// Text from outside, made fit for a terminal line; and small text forms.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace passport {

/// `in` with everything that could move a cursor, start an escape sequence, change writing
/// direction or break the line replaced by \xNN: C0 and C1 controls, DEL, bidirectional and
/// line-separator characters, and bytes that are not UTF-8. At most `limit` bytes of input
/// are shown, then "...".
std::string escape_for_terminal(std::string_view in, std::size_t limit = 1024);

/// Length of the well-formed UTF-8 sequence at the front of `in`, which is not empty, and its
/// code point; 0 when there is none (Unicode 15, table 3-7).
std::size_t decode_utf8(std::string_view in, std::uint32_t& code_point);

/// A word of a POSIX shell, whatever it contains but a NUL.
std::string quote_for_shell(std::string_view in);

/// Lower-case hexadecimal, two digits a byte.
std::string encode_hex(ByteView in);

/// 0 to 15 for a hexadecimal digit of either case; -1 for any other character.
int hex_value(char digit);

/// These two know the letters of ASCII alone, whatever the locale.
std::string to_lower(std::string_view in);
bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace passport
