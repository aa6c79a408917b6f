#include "lab/state_dir.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/summary.h"

namespace passport::lab {
namespace {

namespace fs = std::filesystem;

class StateDir : public testing::Test {
 protected:
  StateDir() {
    std::string pattern = testing::TempDir() + "passport-state.XXXXXX";
    root_ = ::mkdtemp(pattern.data());
    path = root_ + "/a/b";
  }
  ~StateDir() override { fs::remove_all(root_); }

  std::string path;

 private:
  std::string root_;
};

TEST_F(StateDir, IsMadeForItsOwnerAlone) {
  const auto made = make_state_dir(path);
  ASSERT_TRUE(made);
  EXPECT_TRUE(*made);
  struct stat s {};
  ASSERT_EQ(::stat(path.c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777, 0700u);
  const auto again = make_state_dir(path);
  ASSERT_TRUE(again);
  EXPECT_FALSE(*again);
}

TEST_F(StateDir, OfOthersIsRefused) {
  ASSERT_TRUE(make_state_dir(path));
  ASSERT_EQ(::chmod(path.c_str(), 0770), 0);
  EXPECT_FALSE(make_state_dir(path));
  fs::remove(path);
  fs::create_symlink("/tmp", path);
  EXPECT_FALSE(make_state_dir(path));
}

TEST_F(StateDir, OneLabHoldsTheLock) {
  ASSERT_TRUE(make_state_dir(path));
  EXPECT_FALSE(open_existing_lock(path)->fd);
  auto first = open_lock(path);
  ASSERT_TRUE(first && first->held);
  write_pid(*first, 12345);
  auto second = open_lock(path);
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->held);
  EXPECT_EQ(read_pid(*second), 12345);
  EXPECT_FALSE(wait_for_lock(*second, std::chrono::milliseconds(1)));
  first->fd.reset();
  EXPECT_TRUE(wait_for_lock(*second, std::chrono::seconds(1)));
}

TEST_F(StateDir, ALockThatWasRemovedIsNoLock) {
  ASSERT_TRUE(make_state_dir(path));
  auto first = open_lock(path);
  ASSERT_TRUE(first);
  EXPECT_TRUE(is_current(path, *first));
  remove_state(path, false);
  EXPECT_FALSE(is_current(path, *first));
  const auto second = open_lock(path);
  EXPECT_TRUE(second && second->held);
}

TEST_F(StateDir, RemovesWhatALabMadeAndNothingElse) {
  ASSERT_TRUE(make_state_dir(path));
  for (const char* file : {kEnvFile, kCaFile, kSummaryFile, kAuditFile}) {
    ASSERT_TRUE(save_file(path + "/" + file, "text"));
  }
  fs::create_directories(path + "/" + kInstancesDir + "/i-1");
  ASSERT_TRUE(save_file(path + "/mine", "text"));
  remove_state(path, true);
  EXPECT_EQ(std::distance(fs::directory_iterator(path), fs::directory_iterator()), 1);
  fs::remove(path + "/mine");
  remove_state(path, true);
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(StateDir, FilesAreReplacedWholeAndPrivate) {
  ASSERT_TRUE(make_state_dir(path));
  ASSERT_TRUE(save_file(path + "/file", "one"));
  ASSERT_TRUE(save_file(path + "/file", "two"));
  EXPECT_EQ(load_file(path + "/file").value(), "two");
  struct stat s {};
  ASSERT_EQ(::stat((path + "/file").c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777, 0600u);
  EXPECT_EQ(load_file(path + "/none").error().code, Errc::kNotFound);
  EXPECT_FALSE(save_file(path + "/no/such/folder", "x"));
  ASSERT_TRUE(save_file(path + "/large", std::string((1 << 20) + 1, 'x')));
  EXPECT_EQ(load_file(path + "/large").error().code, Errc::kTooLarge);
}

}  // namespace
}  // namespace passport::lab
