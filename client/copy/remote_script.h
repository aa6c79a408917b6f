// Shell scripts for an instance, and what they print. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace passport::copy {

/// In single quotes, for sh.
std::string quote_for_sh(std::string_view text);

struct HashWish {
  std::string path;
  std::uint64_t size;  ///< so many bytes from its beginning, which must be there
};
/// Prints a line for each. Uses sha256sum, shasum or openssl, whichever there is.
std::string render_hash_script(const std::vector<HashWish>& wishes);

struct HashAnswer {
  bool can_hash = true;  ///< there is one of the three programs
  /// In the order of the wishes, in hexadecimal; nullopt: it could not be read.
  std::vector<std::optional<std::string>> hashes{};

  bool operator==(const HashAnswer&) const = default;
};
/// nullopt: it is not what the script prints: there is no shell that runs it.
std::optional<HashAnswer> parse_hash_answer(std::string_view text, std::size_t wishes);

struct Move {
  std::string from;
  std::string to;
};
/// Renames each over what is there; prints a line for each.
std::string render_move_script(const std::vector<Move>& moves);
/// Whether each is done; nullopt as above.
std::optional<std::vector<bool>> parse_move_answer(std::string_view text, std::size_t moves);

}  // namespace passport::copy
