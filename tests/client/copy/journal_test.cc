#include "client/copy/journal.h"

#include <gtest/gtest.h>

namespace passport::copy {
namespace {

Journal journal() {
  Journal out{"ab12", 1000, 1700000000, {}};
  out.done.add({0, 100});
  out.done.add({200, 1000});
  return out;
}

TEST(Journal, ComesBackAsItWas) {
  const auto text = serialize_journal(journal());
  EXPECT_EQ(text,
            "{\"version\":1,\"source\":\"ab12\",\"size\":1000,\"mtime\":1700000000,"
            "\"done\":[[0,100],[200,1000]]}\n");
  const auto back = parse_journal(text);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, journal());
}

TEST(Journal, EveryPrefixIsRefused) {
  const auto text = serialize_journal(journal());
  for (std::size_t n = 0; n + 1 < text.size(); ++n)
    EXPECT_FALSE(parse_journal(text.substr(0, n))) << n;
}

TEST(Journal, RefusesWhatCannotBe) {
  const std::string head = R"({"version":1,"source":"a","size":10,"mtime":1,"done":)";
  EXPECT_TRUE(parse_journal(head + "[[0,10]]}"));
  EXPECT_TRUE(parse_journal(head + "[]}"));
  for (const auto* done :
       {"[[0,11]]", "[[5,5]]", "[[5,4]]", "[[0,5],[4,6]]", "[[-1,5]]", "[[0]]", "[[0,1,2]]",
        "[0]", "{}", "null", "[[0,5.0]]", "[[0,18446744073709551615]]", "[[6,7],[0,1]]"})
    EXPECT_FALSE(parse_journal(head + done + "}")) << done;
  EXPECT_FALSE(parse_journal(R"({"version":2,"source":"a","size":10,"mtime":1,"done":[]})"));
  EXPECT_FALSE(parse_journal(R"({"version":1,"source":"a","size":-1,"mtime":1,"done":[]})"));
  EXPECT_FALSE(parse_journal(R"({"version":1,"source":"a","size":10,"done":[]})"));
  EXPECT_FALSE(parse_journal(std::string(kMaxJournal + 1, ' ')));
}

TEST(Journal, OfVeryManyRangesTheLastAreKept) {
  Journal many{"a", 1 << 20, 1, {}};
  for (std::uint64_t at = 0; at < many.size; at += 16) many.done.add({at, at + 8});
  const auto text = serialize_journal(many);
  EXPECT_LT(text.size(), kMaxJournal);
  const auto back = parse_journal(text);
  ASSERT_TRUE(back);
  EXPECT_TRUE(back->same_source(many));
  EXPECT_TRUE(back->done.covers({many.size - 16, many.size - 8}));
  EXPECT_FALSE(back->done.covers({0, 8}));
}

}  // namespace
}  // namespace passport::copy
