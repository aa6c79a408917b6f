// Whether text for people is coloured. Pure.
#pragma once
#include <optional>
#include <string_view>

namespace passport {

enum class Colour { kAuto, kAlways, kNever };

/// "auto", "always", "never": what --color takes.
std::optional<Colour> parse_colour(std::string_view word);

/// What the environment says: empty where a variable is not set.
struct ColourHints {
  std::string_view no_color;        ///< NO_COLOR: none, whatever it is set to (no-color.org)
  std::string_view clicolor_force;  ///< CLICOLOR_FORCE: also where no terminal is, unless "0"
  std::string_view term;            ///< TERM: none where it is "dumb"
};

/// The command line before the environment, the environment before what is written to.
bool use_colour(Colour wanted, const ColourHints& hints, bool to_terminal);

}  // namespace passport
