// The file of checkpoints, and what a crash or a second process can do to it.
#include "service/checkpoints.h"

#include <gtest/gtest.h>

#include "tests/wire/ssh/keygen.h"

namespace passport::service {
namespace {

class Checkpointing : public testing::Test {
 protected:
  static Checkpoint checkpoint(std::int64_t sequence) {
    return {sequence, 1, std::string(64, 'a'), std::string(kFirstPrevious), "sig"};
  }
  Result<CheckpointFile> open() const { return CheckpointFile::open(shop.path("checkpoints")); }
  void add(std::int64_t sequence) const {
    auto file = open();
    ASSERT_TRUE(file) << file.error().detail;
    ASSERT_TRUE(file->append(checkpoint(sequence)));
  }
  wire::ssh::Workshop shop;
};

TEST_F(Checkpointing, OneProcessWritesToAFile) {
  {
    auto first = open();
    ASSERT_TRUE(first) << first.error().detail;
    const auto second = open();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::kConfig);
    EXPECT_NE(second.error().detail.find("another passportd"), std::string::npos);
    const CheckpointFile moved(std::move(*first));
    EXPECT_FALSE(open());
  }
  EXPECT_TRUE(open());
}

TEST_F(Checkpointing, WhatACrashCutOffIsTakenAway) {
  add(1);
  add(2);
  const auto whole = shop.read("checkpoints");
  const auto line = render_log_line(checkpoint(3)) + "\n";
  for (std::size_t size = 0; size < line.size(); ++size) {
    shop.write("checkpoints", whole + line.substr(0, size));
    const auto file = open();
    ASSERT_TRUE(file) << size << ": " << file.error().detail;
    EXPECT_EQ(file->last().sequence, 2) << size;
    EXPECT_EQ(shop.read("checkpoints"), whole) << size;
  }
  shop.write("checkpoints", line.substr(0, 9));
  EXPECT_EQ(open()->last().sequence, 0);
  EXPECT_EQ(shop.read("checkpoints"), "");
}

TEST_F(Checkpointing, AFileOfSomethingElseIsLeftAlone) {
  for (const auto& text : {std::string(20'000, 'x'), std::string("something else\n"),
                           "\n" + std::string(5'000, 'x')}) {
    shop.write("checkpoints", text);
    const auto file = open();
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, Errc::kConfig);
    EXPECT_EQ(shop.read("checkpoints"), text);
  }
}

}  // namespace
}  // namespace passport::service
