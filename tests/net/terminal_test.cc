// The mode of a terminal, seen from its other end.
#include "net/terminal.h"

#include <csignal>
#include <cstdlib>
#include <functional>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace passport::net {
namespace {

class TerminalTest : public testing::Test {
 protected:
  TerminalTest() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    EXPECT_EQ(::grantpt(master_), 0);
    EXPECT_EQ(::unlockpt(master_), 0);
    EXPECT_EQ(::ptsname_r(master_, name_, sizeof name_), 0);
  }
  ~TerminalTest() override { ::close(master_); }

  bool is_raw() const {
    termios now{};
    EXPECT_EQ(::tcgetattr(master_, &now), 0);
    return (now.c_lflag & ICANON) == 0;
  }

  /// Runs `body` in a process whose terminal this is; its wait status.
  int run(const std::function<void(int terminal)>& body) const {
    const pid_t child = ::fork();
    if (child == 0) {
      ::setsid();
      const int terminal = ::open(name_, O_RDWR);
      body(terminal);
      std::_Exit(0);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return status;
  }

  int master_;
  char name_[64];
};

TEST_F(TerminalTest, RawModeIsLeft) {
  const int slave = ::open(name_, O_RDWR | O_NOCTTY);  // keeps the terminal alive
  termios before{};
  ASSERT_EQ(::tcgetattr(slave, &before), 0);
  const int status = run([&](int terminal) {
    RawTerminal raw(terminal);
    raw.enter();
    if (!raw.entered() || !is_raw()) std::_Exit(1);
    raw.enter();  // as after SIGCONT
    raw.leave();
    if (raw.entered() || is_raw()) std::_Exit(2);
    raw.enter();
  });
  EXPECT_EQ(status, 0);
  termios after{};
  ASSERT_EQ(::tcgetattr(slave, &after), 0);
  EXPECT_EQ(after.c_iflag, before.c_iflag);
  EXPECT_EQ(after.c_oflag, before.c_oflag);
  EXPECT_EQ(after.c_lflag, before.c_lflag);
  ::close(slave);
}

TEST_F(TerminalTest, AFatalSignalLeavesRawMode) {
  const int slave = ::open(name_, O_RDWR | O_NOCTTY);
  for (const int signal : {SIGABRT, SIGSEGV}) {
    const int status = run([&](int terminal) {
      std::signal(signal, SIG_DFL);  // in place of a sanitizer's
      RawTerminal raw(terminal);
      raw.enter();
      if (!is_raw()) std::_Exit(1);
      std::raise(signal);
    });
    ASSERT_TRUE(WIFSIGNALED(status)) << status;
    EXPECT_EQ(WTERMSIG(status), signal);
    EXPECT_FALSE(is_raw());
  }
  ::close(slave);
}

TEST_F(TerminalTest, ATerminalOfOthersIsLeftAlone) {
  const int slave = ::open(name_, O_RDWR | O_NOCTTY);
  RawTerminal raw(slave);  // not that of this process
  raw.enter();
  EXPECT_FALSE(raw.entered());
  EXPECT_FALSE(is_raw());
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  RawTerminal none(ends[0]);
  none.enter();
  EXPECT_FALSE(none.entered());
  EXPECT_FALSE(is_terminal(ends[0]));
  for (const int fd : {slave, ends[0], ends[1]}) ::close(fd);
}

TEST_F(TerminalTest, TheSizeIsKnownWhereThereIsOne) {
  EXPECT_EQ(find_terminal_size(master_), std::nullopt);  // 0 by 0: not set
  const winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  ASSERT_EQ(::ioctl(master_, TIOCSWINSZ, &size), 0);
  EXPECT_EQ(find_terminal_size(master_), (wire::ssm::TerminalSize{80, 24}));
  EXPECT_EQ(find_terminal_size(-1), std::nullopt);
}

}  // namespace
}  // namespace passport::net
