// A list that somebody picks from: by its number, or by typing part of what a line says. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace passport::client {

/// The lines in which each of the words is, in any order, whatever the case of ASCII letters.
std::vector<std::size_t> find_lines(const std::vector<std::string>& lines,
                                    std::string_view words);

class PickList {
 public:
  /// Of at least one line; each is harmless already.
  explicit PickList(std::vector<std::string> lines);

  /// What is left, numbered from 1, in at most `most` lines of `width` columns (0: no end).
  std::string render(std::size_t most, std::size_t width) const;

  enum class Outcome {
    kPicked,    ///< see picked()
    kNarrowed,  ///< less is left, or all again: show it
    kNoMatch,   ///< all is left
    kLeft,      ///< nothing was typed
  };
  /// A number picks. Words narrow the whole list; when they leave one line, it is picked.
  Outcome take(std::string_view typed);
  std::size_t picked() const { return left_.front(); }

 private:
  std::vector<std::string> lines_;
  std::vector<std::size_t> left_;
};

}  // namespace passport::client
