#include "base/exit_code.h"

#include <gtest/gtest.h>

namespace passport {
namespace {

TEST(ExitCode, IsTheOneOfTheManualPages) {
  EXPECT_EQ(exit_code(Errc::kUsage), 64);
  EXPECT_EQ(exit_code(Errc::kMalformed), 65);
  EXPECT_EQ(exit_code(Errc::kUnavailable), 69);
  EXPECT_EQ(exit_code(Errc::kNotFound), 69);
  EXPECT_EQ(exit_code(Errc::kInternal), 70);
  EXPECT_EQ(exit_code(Errc::kThrottled), 75);
  EXPECT_EQ(exit_code(Errc::kTimeout), 75);
  EXPECT_EQ(exit_code(Errc::kProtocol), 76);
  EXPECT_EQ(exit_code(Errc::kDenied), 77);
  EXPECT_EQ(exit_code(Errc::kExpired), 77);
  EXPECT_EQ(exit_code(Errc::kConfig), 78);
}

}  // namespace
}  // namespace passport
