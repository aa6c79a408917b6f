#include "lab/shell_words.h"

#include <gtest/gtest.h>

namespace passport::lab {
namespace {

using Words = std::vector<std::string>;

TEST(ShellWords, AreSplitAtBlanksOutsideOfQuotes) {
  EXPECT_EQ(split_shell_words(""), Words{});
  EXPECT_EQ(split_shell_words(" \t\n"), Words{});
  EXPECT_EQ(split_shell_words("echo out; exit 5"), (Words{"echo", "out;", "exit", "5"}));
  EXPECT_EQ(split_shell_words("sh -c \"a 'b' c\" ''\td"),
            (Words{"sh", "-c", "a 'b' c", "", "d"}));
  EXPECT_EQ(split_shell_words("a'b \"c'\"d e\"f"), (Words{"ab \"cd ef"}));
}

TEST(ShellWords, ABackslashKeepsTheNextCharacter) {
  EXPECT_EQ(split_shell_words(R"(a\ b \"c \\)"), (Words{"a b", "\"c", "\\"}));
  EXPECT_EQ(split_shell_words(R"("a\"b\$" 'c\d')"), (Words{"a\"b$", "c\\d"}));
}

TEST(ShellWords, ACommentEndsWithItsLine) {
  EXPECT_EQ(split_shell_words("# one\na b#c # d"), (Words{"a", "b#c"}));
  EXPECT_EQ(split_shell_words("a\n#"), (Words{"a"}));
}

TEST(ShellWords, WhatStaysOpenIsRefused) {
  for (const char* text : {"'", "\"", "a 'b", "a \"b\\\"", "a\\", "\"a\\"}) {
    EXPECT_FALSE(split_shell_words(text)) << text;
  }
}

}  // namespace
}  // namespace passport::lab
