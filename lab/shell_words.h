// The words of a command that no shell reads.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace passport::lab {

/// As the real agent splits a command of type NonInteractiveCommands (google/shlex): at blanks
/// outside of quotes; a backslash keeps the next character, but not between single quotes; what
/// follows a "#" at the beginning of a word is a comment. nullopt when a quote stays open, or
/// nothing follows a backslash.
std::optional<std::vector<std::string>> split_shell_words(std::string_view command);

}  // namespace passport::lab
