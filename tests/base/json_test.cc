#include "base/json.h"

#include <gtest/gtest.h>

namespace passport {
namespace {

TEST(Json, ReadsFieldsThatAreThereAndNothingElse) {
  const auto o =
      parse_json_object(R"({"s":"x","n":1,"z":null,"o":{"k":"v"},"a":[1]})", "answer");
  ASSERT_TRUE(o);
  EXPECT_EQ(find_string(*o, "s"), "x");
  for (const auto* key : {"n", "z", "o", "missing"}) EXPECT_EQ(find_string(*o, key), "");
  ASSERT_NE(find_object(*o, "o"), nullptr);
  EXPECT_EQ(find_string(*find_object(*o, "o"), "k"), "v");
  EXPECT_EQ(find_object(*o, "a"), nullptr);
  ASSERT_NE(find_array(*o, "a"), nullptr);
  EXPECT_EQ(find_array(*o, "o"), nullptr);
}

TEST(Json, RejectsOtherTextsWithoutThrowing) {
  for (const auto* text :
       {"", "[]", "1", "{", "{}x", "{\"a\":}", "\xff", "{\"a\":\"\xff\"}", "{'a':1}"}) {
    const auto o = parse_json_object(text, "answer");
    ASSERT_FALSE(o) << text;
    EXPECT_EQ(o.error().code, Errc::kMalformed);
  }
  EXPECT_FALSE(parse_json_object(std::string(100, '[') + std::string(100, ']'), "answer"));
  const auto large = parse_json_object(std::string(kMaxJsonSize + 1, ' '), "answer");
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, Errc::kTooLarge);
}

}  // namespace
}  // namespace passport
