#include "net/file_lock.h"

#include <gtest/gtest.h>

#include "tests/wire/ssh/keygen.h"

namespace passport::net {
namespace {

TEST(FileLock, OneHasItAtATime) {
  const wire::ssh::Workshop shop;
  {
    auto lock = FileLock::take(shop.path("lock"));
    ASSERT_TRUE(lock);
    EXPECT_EQ(FileLock::take(shop.path("lock")).error().code, Errc::kConflict);
    ASSERT_TRUE(lock->write("a long text"));
    ASSERT_TRUE(lock->write("1 me"));
    EXPECT_EQ(shop.read("lock"), "1 me");
    const auto moved = std::move(*lock);
    EXPECT_FALSE(FileLock::take(shop.path("lock")));
  }
  EXPECT_TRUE(FileLock::take(shop.path("lock")));
  EXPECT_EQ(FileLock::take(shop.path("none/lock")).error().detail,
            "\"" + shop.path("none/lock") + "\": no such file or directory");
  shop.run("ln -s lock link");
  EXPECT_FALSE(FileLock::take(shop.path("link")));
}

}  // namespace
}  // namespace passport::net
