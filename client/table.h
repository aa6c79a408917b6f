// Tables as people read them: aligned by what a terminal shows, cut to its width. Pure.
#pragma once
#include <string>
#include <vector>

namespace passport::client {

struct Column {
  std::string title;
  int spare = 0;  ///< where there is no room, those with the highest go first; 0 stays
};

/// `text` is harmless already; `colour`: of its SGR sequence, as "32"; empty: none.
struct Cell {
  std::string text;
  std::string colour{};
};

struct TextStyle {
  std::int64_t now = 0;   ///< Unix seconds
  bool colour = false;    ///< for a terminal
  std::size_t width = 0;  ///< in columns; 0: no end
};

/// A line for each row, after one of titles if there are any; the last column takes what room
/// is left. Rows have a cell for each column. Nothing without rows.
std::string render_table(const std::vector<Column>& columns,
                         const std::vector<std::vector<Cell>>& rows, const TextStyle& style);

/// `text` between the sequences of its colour, if `on` and it has one.
std::string paint(const std::string& text, const std::string& colour, bool on);

}  // namespace passport::client
