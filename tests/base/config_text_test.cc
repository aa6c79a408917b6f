#include "base/config_text.h"

#include <gtest/gtest.h>

namespace passport {
namespace {

TEST(ConfigText, IsReadLineByLine) {
  const auto lines =
      parse_config_text("# a comment\r\n\n a = b = c \n[ account 1 ]\nempty =\nlast=x");
  ASSERT_TRUE(lines) << lines.error().detail;
  ASSERT_EQ(lines->size(), 4U);
  EXPECT_EQ((*lines)[0].number, 3U);
  EXPECT_EQ((*lines)[0].key, "a");
  EXPECT_EQ((*lines)[0].value, "b = c");
  EXPECT_EQ((*lines)[1].section, "account 1");
  EXPECT_TRUE((*lines)[1].key.empty());
  EXPECT_EQ((*lines)[2].key, "empty");
  EXPECT_TRUE((*lines)[2].value.empty());
  EXPECT_EQ((*lines)[3].value, "x");
  EXPECT_TRUE(parse_config_text("")->empty());
}

TEST(ConfigText, WhatIsNeitherIsToldWithItsLine) {
  for (const auto* bad : {"\n[", "\n[]", "\n[ ]", "\n[x", "\nword", "\n= value", "\n]"})
    EXPECT_TRUE(parse_config_text(bad).error().detail.starts_with("line 2: ")) << bad;
}

}  // namespace
}  // namespace passport
