#include "client/copy/plan.h"

#include <gtest/gtest.h>

namespace passport::copy {
namespace {

TEST(MakeWishes, SourcesOfOneHostAreOneCopy) {
  const auto out = make_wishes({"i-1:a", "i-1:b", "i-2:c", "here"}, false);
  ASSERT_TRUE(out);
  EXPECT_EQ(*out, (std::vector<CopyWish>{{"i-1", {"a", "b"}, "here", false, true, true},
                                         {"i-2", {"c"}, "here", false, true, true}}));
}

TEST(MakeWishes, ATargetWithASlashIsAFolder) {
  EXPECT_TRUE((*make_wishes({"a", "i-1:b/"}, false))[0].to_folder);
  EXPECT_FALSE((*make_wishes({"a", "i-1:b/"}, true))[0].to_folder);
  EXPECT_FALSE((*make_wishes({"a", "i-1:b"}, false))[0].to_folder);
  EXPECT_FALSE((*make_wishes({"a", "i-1:b"}, false))[0].to_here);
}

TEST(MakeWishes, OneEndIsHere) {
  EXPECT_EQ(make_wishes({"a", "b"}, false).error().code, Errc::kUsage);
  EXPECT_EQ(make_wishes({"i-1:a", "i-2:b"}, false).error().code, Errc::kUsage);
  EXPECT_EQ(make_wishes({"a", "i-2:b", "c"}, false).error().code, Errc::kUsage);
  EXPECT_EQ(make_wishes({"", "i-2:b"}, false).error().code, Errc::kUsage);
}

}  // namespace
}  // namespace passport::copy
