#include "base/colour.h"

#include <gtest/gtest.h>

namespace passport {
namespace {

TEST(Colour, IsForTerminalsUnlessSomebodySaysOtherwise) {
  const ColourHints xterm{"", "", "xterm"};
  EXPECT_TRUE(use_colour(Colour::kAuto, xterm, true));
  EXPECT_FALSE(use_colour(Colour::kAuto, xterm, false));
  EXPECT_FALSE(use_colour(Colour::kAuto, {"1", "", "xterm"}, true));
  EXPECT_FALSE(use_colour(Colour::kAuto, {"0", "", "xterm"}, true));
  EXPECT_FALSE(use_colour(Colour::kAuto, {"", "", "dumb"}, true));
  EXPECT_TRUE(use_colour(Colour::kAuto, {"", "1", "dumb"}, false));
  EXPECT_FALSE(use_colour(Colour::kAuto, {"", "0", "xterm"}, false));
  EXPECT_FALSE(use_colour(Colour::kAuto, {"1", "1", "xterm"}, true));
}

TEST(Colour, TheCommandLineComesFirst) {
  EXPECT_TRUE(use_colour(Colour::kAlways, {"1", "0", "dumb"}, false));
  EXPECT_FALSE(use_colour(Colour::kNever, {"", "1", "xterm"}, true));
  EXPECT_EQ(parse_colour("auto"), Colour::kAuto);
  EXPECT_EQ(parse_colour("always"), Colour::kAlways);
  EXPECT_EQ(parse_colour("never"), Colour::kNever);
  for (const auto* word : {"", "Auto", "yes", "never "}) EXPECT_FALSE(parse_colour(word));
}

}  // namespace
}  // namespace passport
