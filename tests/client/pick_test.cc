#include "client/pick.h"

#include <gtest/gtest.h>

namespace passport::client {
namespace {

using Outcome = PickList::Outcome;

PickList three() {
  return PickList(
      {"i-0a1  web-1  eu-west-1", "i-0b2  web-2  us-east-1", "i-0c3  Db  eu-west-1"});
}

TEST(Pick, ANumberPicks) {
  auto list = three();
  EXPECT_EQ(list.render(10, 0),
            "1  i-0a1  web-1  eu-west-1\n"
            "2  i-0b2  web-2  us-east-1\n"
            "3  i-0c3  Db  eu-west-1\n");
  EXPECT_EQ(list.take(" 2 "), Outcome::kPicked);
  EXPECT_EQ(list.picked(), 1U);
}

TEST(Pick, WordsNarrowAndTheNumbersAreThoseThatAreShown) {
  auto list = three();
  EXPECT_EQ(list.take("EU-west"), Outcome::kNarrowed);
  EXPECT_EQ(list.render(10, 0),
            "1  i-0a1  web-1  eu-west-1\n"
            "2  i-0c3  Db  eu-west-1\n");
  EXPECT_EQ(list.take("3"), Outcome::kPicked);  // no number of a line, but part of one
  EXPECT_EQ(list.picked(), 2U);
  list = three();
  EXPECT_EQ(list.take("eu-west"), Outcome::kNarrowed);
  EXPECT_EQ(list.take("2"), Outcome::kPicked);
  EXPECT_EQ(list.picked(), 2U);
}

TEST(Pick, WordsNarrowTheWholeListInAnyOrder) {
  auto list = three();
  EXPECT_EQ(list.take("eu-west"), Outcome::kNarrowed);
  EXPECT_EQ(list.take("us-east WEB"), Outcome::kPicked);
  EXPECT_EQ(list.picked(), 1U);
}

TEST(Pick, WhatMatchesNothingShowsAllAgain) {
  auto list = three();
  EXPECT_EQ(list.take("web"), Outcome::kNarrowed);
  EXPECT_EQ(list.take("mail"), Outcome::kNoMatch);
  EXPECT_EQ(list.render(10, 0), three().render(10, 0));
  for (const auto* number : {"4", "99999999999999999999", "1 7", "-5"})
    EXPECT_EQ(list.take(number), Outcome::kNoMatch) << number;
}

TEST(Pick, NothingTypedLeaves) {
  auto list = three();
  EXPECT_EQ(list.take(""), Outcome::kLeft);
  EXPECT_EQ(list.take(" \t"), Outcome::kLeft);
}

TEST(Pick, ALongListIsBoundedAndALongLineIsCut) {
  std::vector<std::string> lines;
  for (int i = 0; i < 100; ++i) lines.push_back("host-" + std::to_string(i));
  PickList list(lines);
  EXPECT_EQ(list.render(3, 8),
            "  1  ...\n"
            "  2  ...\n"
            "and 9...\n");
  EXPECT_EQ(list.render(3, 0),
            "  1  host-0\n"
            "  2  host-1\n"
            "and 98 more\n");
  EXPECT_EQ(list.take("100"), Outcome::kPicked);  // also one that is not on the screen
  EXPECT_EQ(list.picked(), 99U);
}

}  // namespace
}  // namespace passport::client
