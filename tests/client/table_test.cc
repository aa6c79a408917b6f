#include "client/table.h"

#include <gtest/gtest.h>

#include "base/display_width.h"

namespace passport::client {
namespace {

const std::vector<Column> kColumns = {{"ID"}, {"LEFT", 1}, {"OWNER", 2}, {"REASON"}};
const std::vector<std::vector<Cell>> kRows = {
    {{"ar-1"}, {"5 min"}, {"ann"}, {"a disk is full"}},
    {{"ar-22"}, {""}, {"\xe6\x9d\xb1\xe4\xba\xac"}, {"b"}}};

TEST(Table, ColumnsLineUpByWhatIsSeen) {
  EXPECT_EQ(render_table(kColumns, kRows, {}),
            "ID     LEFT   OWNER  REASON\n"
            "ar-1   5 min  ann    a disk is full\n"
            "ar-22         \xe6\x9d\xb1\xe4\xba\xac   b\n");
  EXPECT_EQ(render_table(kColumns, {}, {}), "");
}

TEST(Table, NothingEndsInBlanksAndAnEmptyColumnTakesNoRoom) {
  EXPECT_EQ(render_table({{""}, {""}, {""}},
                         {{{"i-1"}, {""}, {"active"}}, {{"i-22"}, {""}, {""}}}, {}),
            "i-1   active\n"
            "i-22\n");
}

TEST(Table, WhatIsNarrowLosesWhatItCanSpare) {
  EXPECT_EQ(render_table(kColumns, kRows, {0, false, 34}),
            "ID     LEFT   OWNER  REASON\n"
            "ar-1   5 min  ann    a disk is ...\n"
            "ar-22         \xe6\x9d\xb1\xe4\xba\xac   b\n");
  EXPECT_EQ(render_table(kColumns, kRows, {0, false, 28}),
            "ID     LEFT   REASON\n"
            "ar-1   5 min  a disk is full\n"
            "ar-22         b\n");
  EXPECT_EQ(render_table(kColumns, kRows, {0, false, 20}),
            "ID     REASON\n"
            "ar-1   a disk is ...\n"
            "ar-22  b\n");
  for (std::size_t width = 8; width < 60; ++width) {
    std::string text = render_table(kColumns, kRows, {0, false, width});
    for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
      EXPECT_LE(display_width(text.substr(0, end)), width);
      text.erase(0, end + 1);
    }
  }
}

TEST(Table, ColourTakesNoRoom) {
  EXPECT_EQ(render_table({{"STATE"}, {"WHY"}}, {{{"up", "32"}, {"x"}}, {{"down", "31"}, {"y"}}},
                         {0, true, 0}),
            "STATE  WHY\n"
            "\x1b[32mup\x1b[0m     x\n"
            "\x1b[31mdown\x1b[0m   y\n");
}

}  // namespace
}  // namespace passport::client
