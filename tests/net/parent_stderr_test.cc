// A child without standard error speaks on its parent's: a file's place is kept, and so is a
// pipe's end.
#include "net/parent_stderr.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/log_writer.h"
#include "tests/wire/ssh/keygen.h"

namespace passport::net {
namespace {

/// What is in a file that is standard error of a process, whose child says something in
/// between.
std::string said_between(int child_stderr) {
  const wire::ssh::Workshop shop;
  const auto path = shop.path("err");
  const auto parent = ::fork();
  if (parent == 0) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT, 0600);
    ::dup2(file, STDERR_FILENO);
    const auto child = ::fork();
    if (child == 0) {
      if (child_stderr >= 0) ::dup2(child_stderr, STDERR_FILENO);
      log_to_parent();
      start_log("child", LogLevel::kNotice);
      log_line("the reason");
      ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
    const bool wrote = ::write(STDERR_FILENO, "parent\n", 7) == 7;
    ::_exit(wrote ? 0 : 1);
  }
  int status = 0;
  ::waitpid(parent, &status, 0);
  EXPECT_EQ(status, 0);
  return shop.read("err");
}

TEST(ParentStderr, OfOneThatHasNoneGoesToTheParents) {
  const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  EXPECT_EQ(said_between(null), "child: the reason\nparent\n");
  ::close(null);
}

TEST(ParentStderr, OfOneThatHasOneStays) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_EQ(said_between(ends[1]), "parent\n");
  char text[64];
  const auto n = ::read(ends[0], text, sizeof text);
  EXPECT_EQ(std::string(text, static_cast<std::size_t>(n)), "child: the reason\n");
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace passport::net
