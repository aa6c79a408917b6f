// Which characters may go to a terminal.
#pragma once
#include <cstdint>

namespace passport {

/// Whether the code point moves no cursor, starts no escape sequence, changes no writing
/// direction and breaks no line.
bool is_harmless(std::uint32_t code_point);

}  // namespace passport
