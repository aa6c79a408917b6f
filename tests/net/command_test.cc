// Programs that are run: what they get, what comes back.
#include "net/command.h"

#include <csignal>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "net/spawn.h"
#include "tests/support/run_task.h"

namespace passport::net {
namespace {

Result<CommandEnd> run(Command command) {
  asio::io_context io;
  return test::run_task(io,
                        run_command(std::move(command), deadline_in(std::chrono::seconds(20))));
}

TEST(Command, ItsInputMayBeLong) {
  std::string text;
  for (int i = 0; text.size() < (3U << 20); ++i) text += std::to_string(i) + "\n";
  Command command;
  command.words = {"cat"};
  command.input = text;
  const auto small = run(command);
  ASSERT_FALSE(small);
  EXPECT_EQ(small.error().code, Errc::kTooLarge);
  command.most_output = 4 << 20;
  const auto end = run(command);
  ASSERT_TRUE(end) << end.error().detail;
  EXPECT_EQ(end->status, 0);
  EXPECT_EQ(end->output, text);
  command.input.assign(kMaxCommandInput + 1, 'x');
  EXPECT_FALSE(run(command));
}

TEST(Command, WhatItsEnvironmentIsGivenComesInPlaceOfThisProcesss) {
  ASSERT_EQ(::setenv("PASSPORT_TEST_A", "of this process", 1), 0);
  ASSERT_EQ(::setenv("PASSPORT_TEST_B", "left", 1), 0);
  Command command;
  command.words = {"env"};
  command.environment = {"PASSPORT_TEST_A="};
  auto end = run(command);
  ASSERT_TRUE(end) << end.error().detail;
  const auto lines = "\n" + end->output;
  EXPECT_NE(lines.find("\nPASSPORT_TEST_A=\n"), std::string::npos) << lines;
  EXPECT_EQ(lines.find("of this process"), std::string::npos) << lines;
  EXPECT_NE(lines.find("\nPASSPORT_TEST_B=left\n"), std::string::npos) << lines;
  command.bare = true;
  end = run(command);
  ASSERT_TRUE(end) << end.error().detail;
  EXPECT_EQ(end->output.find("PASSPORT_TEST_B"), std::string::npos) << end->output;
}

TEST(Command, InFrontItHasWhatThisProcessHas) {
  const auto exited = run_in_front({"sh", "-c", "exit 7"});
  ASSERT_TRUE(exited) << exited.error().detail;
  EXPECT_EQ(WEXITSTATUS(*exited), 7);
  // ctrl-C is for the program, and this one goes on.
  const auto killed = run_in_front({"sh", "-c", "kill -INT $PPID; kill -INT $$"});
  ASSERT_TRUE(killed) << killed.error().detail;
  ASSERT_TRUE(WIFSIGNALED(*killed));
  EXPECT_EQ(WTERMSIG(*killed), SIGINT);
  const auto none = run_in_front({"/nonexistent/program"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::kConfig);
}

TEST(Command, OneBecomesAnother) {
  EXPECT_EXIT(
      {
        std::signal(SIGPIPE, SIG_IGN);
        become({"sh", "-c", "trap - PIPE; kill -PIPE $$; exit 1"});
      },
      testing::KilledBySignal(SIGPIPE), "");
  EXPECT_EQ(become({"/nonexistent/program"}).code, Errc::kConfig);
}

}  // namespace
}  // namespace passport::net
