#include "base/display_width.h"

#include <gtest/gtest.h>

namespace passport {
namespace {

TEST(DisplayWidth, IsInColumnsNotInBytes) {
  EXPECT_EQ(display_width(""), 0U);
  EXPECT_EQ(display_width("db-1"), 4U);
  EXPECT_EQ(display_width("gr\xc3\xb6\xc3\x9f"
                          "e"),
            5U);  // groesse, with two letters of two bytes
  EXPECT_EQ(display_width("\xe6\x9d\xb1\xe4\xba\xac"), 4U);  // Tokyo, in two characters
  EXPECT_EQ(display_width("e\xcc\x81t\xc3\xa9"), 3U);        // an accent of its own
  EXPECT_EQ(display_width("\xf0\x9f\x94\xa5"), 2U);          // a flame
  EXPECT_EQ(display_width("a\xff\x80z"), 4U);                // no UTF-8: a column a byte
}

TEST(DisplayWidth, WhatIsCutFits) {
  EXPECT_EQ(cut_to_width("webserver", 9), "webserver");
  EXPECT_EQ(cut_to_width("webserver", 8), "webse...");
  EXPECT_EQ(cut_to_width("webserver", 3), "web");
  EXPECT_EQ(cut_to_width("webserver", 0), "");
  // Half of a wide character is none.
  const std::string wide = "\xe6\x9d\xb1\xe4\xba\xac\xe6\x9d\xb1\xe4\xba\xac";
  EXPECT_EQ(cut_to_width(wide, 8), wide);
  EXPECT_EQ(cut_to_width(wide, 7), wide.substr(0, 6) + "...");
  EXPECT_EQ(cut_to_width(wide, 6), wide.substr(0, 3) + "...");
  for (std::size_t columns = 0; columns < 12; ++columns)
    EXPECT_LE(display_width(cut_to_width(wide + "e\xcc\x81", columns)), columns);
}

TEST(DisplayWidth, ColumnsAreFilledUp) {
  EXPECT_EQ(pad_to_width("ab", 4), "ab  ");
  EXPECT_EQ(pad_to_width("abcde", 4), "abcde");
  EXPECT_EQ(pad_to_width("\xe6\x9d\xb1", 4), "\xe6\x9d\xb1  ");
}

}  // namespace
}  // namespace passport
