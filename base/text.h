// Text from outside, made fit for a terminal line; and small text forms.
#pragma once
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace passport {

/// `in` with everything that could move a cursor, start an escape sequence, change writing
/// direction or break the line replaced by \xNN: C0 and C1 controls, DEL, bidirectional and
/// line-separator characters, and bytes that are not UTF-8. At most `limit` bytes of input
/// are shown, then "...".
std::string escape_for_terminal(std::string_view in, std::size_t limit = 1024);

/// Lower-case hexadecimal, two digits a byte.
std::string encode_hex(ByteView in);

}  // namespace passport
