#include "base/colour.h"

namespace passport {

std::optional<Colour> parse_colour(std::string_view word) {
  if (word == "auto") return Colour::kAuto;
  if (word == "always") return Colour::kAlways;
  if (word == "never") return Colour::kNever;
  return std::nullopt;
}

bool use_colour(Colour wanted, const ColourHints& hints, bool to_terminal) {
  if (wanted != Colour::kAuto) return wanted == Colour::kAlways;
  if (!hints.no_color.empty()) return false;
  if (!hints.clicolor_force.empty() && hints.clicolor_force != "0") return true;
  return to_terminal && hints.term != "dumb";
}

}  // namespace passport
