#include "client/table.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/display_width.h"

namespace passport::client {
namespace {

constexpr std::size_t kGap = 2;  ///< between columns
constexpr std::size_t kLeastLast =
    12;  ///< of the last column, before another is left out for it

/// How wide each column is, from what stands in it; a column of nothing has no width.
std::vector<std::size_t> measure(const std::vector<Column>& columns,
                                 const std::vector<std::vector<Cell>>& rows) {
  std::vector<std::size_t> out(columns.size(), 0);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    for (const auto& row : rows) out[i] = std::max(out[i], display_width(row[i].text));
    if (out[i] > 0) out[i] = std::max(out[i], display_width(columns[i].title));
  }
  return out;
}

/// Leaves columns out, and the last one shorter, until all is at most `width`.
void fit(const std::vector<Column>& columns, std::vector<std::size_t>& widths,
         std::size_t width) {
  for (;;) {
    std::size_t taken = 0;
    std::size_t worst = columns.size();
    for (std::size_t i = 0; i + 1 < columns.size(); ++i) {
      if (widths[i] == 0) continue;
      taken += widths[i] + kGap;
      if (columns[i].spare > 0 &&
          (worst == columns.size() || columns[i].spare > columns[worst].spare))
        worst = i;
    }
    auto& last = widths.back();
    if (taken + std::min(last, kLeastLast) > width && worst < columns.size()) {
      widths[worst] = 0;
      continue;
    }
    last = std::min(last, width > taken ? width - taken : 0);
    return;
  }
}

}  // namespace

std::string paint(const std::string& text, const std::string& colour, bool on) {
  return on && !colour.empty() ? fmt::format("\x1b[{}m{}\x1b[0m", colour, text) : text;
}

std::string render_table(const std::vector<Column>& columns,
                         const std::vector<std::vector<Cell>>& rows, const TextStyle& style) {
  if (rows.empty()) return {};
  auto widths = measure(columns, rows);
  if (style.width > 0) fit(columns, widths, style.width);
  std::string out;
  const auto add_row = [&](const auto& cell_at) {
    std::string line;
    std::size_t owed = 0;  // blanks, of which none end a line
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (widths[i] == 0) continue;
      const Cell cell = cell_at(i);
      const auto text = cut_to_width(cell.text, widths[i]);
      if (!text.empty()) {
        line.append(owed, ' ') += paint(text, cell.colour, style.colour);
        owed = 0;
      }
      owed += widths[i] - display_width(text) + kGap;
    }
    out += line + "\n";
  };
  const bool titled = std::any_of(columns.begin(), columns.end(),
                                  [](const Column& column) { return !column.title.empty(); });
  if (titled) add_row([&](std::size_t i) { return Cell{columns[i].title}; });
  for (const auto& row : rows) add_row([&](std::size_t i) { return row[i]; });
  return out;
}

}  // namespace passport::client
