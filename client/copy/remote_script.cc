#include "client/copy/remote_script.h"

#include <algorithm>

#include <fmt/format.h>

namespace passport::copy {
namespace {

constexpr std::size_t kHashDigits = 64;

/// The lines between the first and the last, which say that a shell has run the script to its
/// end.
std::optional<std::vector<std::string_view>> read_frame(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    lines.push_back(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.size(), lines.back().size() + 1));
  }
  // A shell's own start-up files may have said something before.
  const auto begin = std::find(lines.begin(), lines.end(), "passport-begin");
  if (begin == lines.end() || lines.back() != "passport-end") return std::nullopt;
  return std::vector<std::string_view>(begin + 1, lines.end() - 1);
}

std::optional<std::string> read_hash(std::string_view line) {
  const auto digits = line.substr(0, line.find(' '));
  const bool good =
      digits.size() == kHashDigits && std::all_of(digits.begin(), digits.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
      });
  return good ? std::optional<std::string>(digits) : std::nullopt;
}

std::string frame(const std::string& body) {
  return "echo passport-begin\n" + body + "echo passport-end\n";
}

}  // namespace

std::string quote_for_sh(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

std::string render_hash_script(const std::vector<HashWish>& wishes) {
  // Each reads standard input, so that no name stands in what it prints.
  std::string out =
      "if command -v sha256sum >/dev/null; then s='sha256sum'\n"
      "elif command -v shasum >/dev/null; then s='shasum -a 256'\n"
      "elif command -v openssl >/dev/null; then s='openssl dgst -sha256 -r'\n"
      "else s=; echo none; fi\n"
      "h() { if [ -r \"$2\" ] && [ -f \"$2\" ]; then head -c \"$1\" <\"$2\" | $s; else echo -; "
      "fi; }\n"
      "if [ -n \"$s\" ]; then\n";
  for (const auto& wish : wishes)
    out += fmt::format("h {} {}\n", wish.size, quote_for_sh(wish.path));
  return frame(out + ":; fi 2>/dev/null\n");
}

std::optional<HashAnswer> parse_hash_answer(std::string_view text, std::size_t wishes) {
  const auto lines = read_frame(text);
  if (!lines) return std::nullopt;
  HashAnswer out;
  if (lines->size() == 1 && lines->front() == "none") {
    out.can_hash = false;
    out.hashes.resize(wishes);
    return out;
  }
  if (lines->size() != wishes) return std::nullopt;
  for (const auto line : *lines) out.hashes.push_back(read_hash(line));
  return out;
}

std::string render_move_script(const std::vector<Move>& moves) {
  std::string out =
      "m() { if { [ ! -e \"$2\" ] || [ -f \"$2\" ]; } && mv -f -- \"$1\" \"$2\" 2>/dev/null; "
      "then echo moved; else "
      "echo -; fi; }\n";
  for (const auto& move : moves)
    out += fmt::format("m {} {}\n", quote_for_sh(move.from), quote_for_sh(move.to));
  return frame(out);
}

std::optional<std::vector<bool>> parse_move_answer(std::string_view text, std::size_t moves) {
  const auto lines = read_frame(text);
  if (!lines || lines->size() != moves) return std::nullopt;
  std::vector<bool> out;
  for (const auto line : *lines) out.push_back(line == "moved");
  return out;
}

}  // namespace passport::copy
