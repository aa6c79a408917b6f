#include "base/text.h"

#include <gtest/gtest.h>

namespace passport {
namespace {

TEST(EscapeForTerminal, KeepsWordsAndEscapesWhatMovesACursor) {
  EXPECT_EQ(escape_for_terminal("i-0123 is not connected."), "i-0123 is not connected.");
  EXPECT_EQ(escape_for_terminal("na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80"),
            "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80");
  EXPECT_EQ(escape_for_terminal("\x1b[2J"), "\\x1b[2J");
  EXPECT_EQ(escape_for_terminal("a\nb\r\t"), "a\\x0ab\\x0d\\x09");
  EXPECT_EQ(escape_for_terminal("\x7f"), "\\x7f");
  EXPECT_EQ(escape_for_terminal("\xc2\x9b"), "\\xc2\\x9b");  // C1 CSI
  EXPECT_EQ(escape_for_terminal("\xe2\x80\xae"
                                "exe"),
            "\\xe2\\x80\\xaeexe");                                    // right-to-left override
  EXPECT_EQ(escape_for_terminal("\xe2\x81\xa6"), "\\xe2\\x81\\xa6");  // isolate
  EXPECT_EQ(escape_for_terminal("\xef\xbb\xbf"), "\\xef\\xbb\\xbf");  // byte order mark
}

TEST(EscapeForTerminal, EscapesWhatIsNotUtf8) {
  EXPECT_EQ(escape_for_terminal("\xff"), "\\xff");
  EXPECT_EQ(escape_for_terminal("\xc0\xaf"), "\\xc0\\xaf");                    // overlong
  EXPECT_EQ(escape_for_terminal("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // surrogate
  EXPECT_EQ(escape_for_terminal("\xe2\x82"), "\\xe2\\x82");                    // cut short
  EXPECT_EQ(escape_for_terminal("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond Unicode
}

TEST(EscapeForTerminal, NoInputOfTwoBytesGivesAControlByte) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string in = {static_cast<char>(a), static_cast<char>(b)};
      for (const char c : escape_for_terminal(in))
        ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    }
  }
}

TEST(EscapeForTerminal, CutsLongText) {
  EXPECT_EQ(escape_for_terminal(std::string(100, 'x'), 10), "xxxxxxxxxx...");
  EXPECT_EQ(escape_for_terminal(std::string(10, 'x'), 10), "xxxxxxxxxx");
}

TEST(EncodeHex, WritesLowerCase) {
  EXPECT_EQ(encode_hex(Bytes{0x00, 0xab, 0xff}), "00abff");
}

TEST(HexValue, TakesDigitsOfEitherCaseAndNothingElse) {
  EXPECT_EQ(hex_value('0'), 0);
  EXPECT_EQ(hex_value('9'), 9);
  EXPECT_EQ(hex_value('a'), 10);
  EXPECT_EQ(hex_value('F'), 15);
  for (const char c : {'g', 'G', '/', ':', '@', '`', ' ', '\0', '\xe1'})
    EXPECT_EQ(hex_value(c), -1) << c;
}

TEST(ToLower, ChangesTheLettersOfAscii) {
  EXPECT_EQ(to_lower("X-Amz-Date @[`{ AZ"), "x-amz-date @[`{ az");
  EXPECT_EQ(to_lower("\xc3\x89\xc9"), "\xc3\x89\xc9");
  EXPECT_EQ(to_lower(""), "");
}

TEST(EqualIgnoringCase, ComparesWholeTexts) {
  EXPECT_TRUE(equal_ignoring_case("Content-TYPE", "content-type"));
  EXPECT_TRUE(equal_ignoring_case("", ""));
  EXPECT_FALSE(equal_ignoring_case("host", "hosts"));
  EXPECT_FALSE(equal_ignoring_case("hosts", "host"));
  EXPECT_FALSE(equal_ignoring_case("@", "`"));
  EXPECT_FALSE(equal_ignoring_case("\xc9", "\xe9"));
}

TEST(Text, NothingGetsOutOfQuotesForTheShell) {
  EXPECT_EQ(quote_for_shell(""), "''");
  EXPECT_EQ(quote_for_shell("a b$(id)\n`x`\\"), "'a b$(id)\n`x`\\'");
  EXPECT_EQ(quote_for_shell("it's"), "'it'\\''s'");
}

}  // namespace
}  // namespace passport
