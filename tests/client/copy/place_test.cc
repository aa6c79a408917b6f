#include "client/copy/place.h"

#include <gtest/gtest.h>

namespace passport::copy {
namespace {

Place place(std::string_view text) {
  const auto out = parse_place(text);
  EXPECT_TRUE(out) << text << ": " << (out ? "" : out.error().detail);
  return out ? *out : Place{};
}

TEST(ParsePlace, TheColonCountsBeforeTheFirstSlash) {
  EXPECT_EQ(place("i-1:/var/log/a b"), (Place{"i-1", "/var/log/a b"}));
  EXPECT_EQ(place("ann@i-1:x:y"), (Place{"ann@i-1", "x:y"}));
  EXPECT_EQ(place("./a:b"), (Place{"", "./a:b"}));
  EXPECT_EQ(place("dir/a:b"), (Place{"", "dir/a:b"}));
  EXPECT_EQ(place(":x"), (Place{"", ":x"}));
  EXPECT_EQ(place("plain"), (Place{"", "plain"}));
  EXPECT_EQ(place("-n"), (Place{"", "-n"}));
}

TEST(ParsePlace, TheFolderOfTheUserHasManyNames) {
  for (const auto* text : {"h:", "h:~", "h:~/", "h:~//"})
    EXPECT_EQ(place(text).path, ".") << text;
  EXPECT_EQ(place("h:~/a/~b").path, "a/~b");
  EXPECT_EQ(place("h:./~a").path, "./~a");
  EXPECT_EQ(place("h:~//a").path, "a");
}

TEST(ParsePlace, RefusesWhatWouldBeTakenForSomethingElse) {
  for (const std::string_view text :
       {std::string_view(""), std::string_view("-oProxyCommand=x:y"), std::string_view("a b:c"),
        std::string_view("a\nb:c"), std::string_view("h:~root/x"), std::string_view("a\0b", 3),
        std::string_view("h:a\0b", 5)}) {
    const auto out = parse_place(text);
    ASSERT_FALSE(out) << text;
    EXPECT_EQ(out.error().code, Errc::kUsage);
  }
}

TEST(Names, OnlyPlainOnesStayInTheirFolder) {
  EXPECT_TRUE(is_plain_name("a b\nc\x1b"));
  EXPECT_TRUE(is_plain_name("..."));
  EXPECT_TRUE(is_plain_name(std::string(255, 'a')));
  for (const auto& name :
       {std::string(), std::string("."), std::string(".."), std::string("a/b"),
        std::string("/"), std::string("a\0b", 3), std::string(256, 'a')})
    EXPECT_FALSE(is_plain_name(name)) << name;
}

TEST(Names, PathsAreTakenApart) {
  EXPECT_EQ(base_name("/a/b/"), "b");
  EXPECT_EQ(base_name("b"), "b");
  for (const auto* path : {"/", "", ".", "..", "a/..", "a/.", "//", "./"})
    EXPECT_EQ(base_name(path), "") << path;
  EXPECT_EQ(parent_of("/a/b/"), "/a");
  EXPECT_EQ(parent_of("/a"), "/");
  EXPECT_EQ(parent_of("//a"), "/");
  EXPECT_EQ(parent_of("a"), ".");
  EXPECT_EQ(parent_of("/"), "/");
  EXPECT_EQ(join("a", "b"), "a/b");
  EXPECT_EQ(join("/", "b"), "/b");
  EXPECT_EQ(join("a/", "b"), "a/b");
  EXPECT_EQ(join(".", "b"), "b");
}

TEST(Names, APartHasANameThatTheFileSystemTakes) {
  EXPECT_EQ(part_name("a"), "a.passport-part");
  const auto one = part_name(std::string(254, 'a') + "b");
  const auto other = part_name(std::string(254, 'a') + "c");
  EXPECT_TRUE(is_plain_name(one));
  EXPECT_TRUE(one.ends_with(kPartSuffix));
  EXPECT_NE(one, other);
}

TEST(Patterns, AreThoseOfTheShell) {
  EXPECT_TRUE(has_pattern("a*"));
  EXPECT_TRUE(has_pattern("[ab]"));
  EXPECT_FALSE(has_pattern("a b"));
  EXPECT_TRUE(matches_name("*.log", "a.log"));
  EXPECT_FALSE(matches_name("*.log", ".log"));
  EXPECT_TRUE(matches_name(".*", ".log"));
  EXPECT_TRUE(matches_name("a?[x-z]", "aby"));
  EXPECT_TRUE(matches_name("a\\*", "a*"));
  EXPECT_FALSE(matches_name("a\\*", "ab"));
  EXPECT_EQ(unescape_pattern("a\\*b\\\\c\\"), "a*b\\c\\");
}

TEST(Place, APathForScpMeansItselfToAShell) {
  const auto quote = [](const char* path, bool source) {
    const auto out = quote_for_scp(path, source);
    return out ? *out : out.error().detail;
  };
  EXPECT_EQ(quote("/a-b/c_d.e@1+2,3:4=5%", true), "/a-b/c_d.e@1+2,3:4=5%");
  EXPECT_EQ(quote("a b;$(x)`y`'\"~", true), R"(a\ b\;\$\(x\)\`y\`\'\"\~)");
  EXPECT_EQ(quote("\xc3\xbc", true), "\xc3\xbc");
  EXPECT_EQ(quote("a\\b", true), R"(a\\b)");
  EXPECT_EQ(quote("a*", false), R"(a\*)");
  EXPECT_EQ(quote("a b*?[!c]", true), R"(a\ b*?[!c])");
  EXPECT_EQ(quote("a\\ b\\*c\\d*\\", true), R"(a\ b\*cd*\\)");
  EXPECT_EQ(quote_for_scp("a\nb", true).error().code, Errc::kUsage);
}

}  // namespace
}  // namespace passport::copy
