// How much room text takes on a terminal.
#pragma once
#include <string>
#include <string_view>

namespace passport {

/// In columns, of text without control characters: those of CJK take two, marks that stand
/// above or below another take none. As wcwidth(3) has it, whatever the locale.
std::size_t display_width(std::string_view text);

/// At most `columns` wide: what is cut ends in "...", where there is room for that.
std::string cut_to_width(std::string_view text, std::size_t columns);

/// At least `columns` wide, by blanks at its end.
std::string pad_to_width(std::string_view text, std::size_t columns);

}  // namespace passport
