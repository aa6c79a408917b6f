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

#include "net/terminal_question.h"
#include "tests/support/run_task.h"

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

/// Asks in a process whose terminal this is, and types what `keys` are once the prompt is
/// there.
class QuestionTest : public TerminalTest {
 protected:
  /// `ask`: from the answer to an exit status.
  int answer(const std::string& keys, const std::function<int(asio::io_context&)>& ask) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::setsid();
      (void)::open(name_, O_RDWR);
      asio::io_context io;
      std::_Exit(ask(io));
    }
    std::string seen;
    while (seen.find("Who? ") == std::string::npos) {
      char piece[256];
      const auto n = ::read(master_, piece, sizeof piece);
      if (n > 0) seen.append(piece, static_cast<std::size_t>(n));
    }
    termios now{};
    EXPECT_EQ(::tcgetattr(master_, &now), 0);
    shown_ = (now.c_lflag & ECHO) != 0;
    EXPECT_EQ(::write(master_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return status;
  }
  bool echoes() const {
    termios now{};
    EXPECT_EQ(::tcgetattr(master_, &now), 0);
    return (now.c_lflag & ECHO) != 0;
  }

  static int ask_secret(asio::io_context& io) {
    const auto said = test::run_task(
        io, ask_terminal(io.get_executor(), "Who? ", deadline_in(std::chrono::seconds(20))));
    return said ? (said->reveal() == "ann" ? 0 : 1)
                : (said.error().code == Errc::kDenied ? 2 : 3);
  }
  static int ask_line(asio::io_context& io) {
    const auto said = test::run_task(
        io,
        ask_terminal_line(io.get_executor(), "Who? ", deadline_in(std::chrono::seconds(20))));
    if (!said) return said.error().code == Errc::kDenied ? 2 : 3;
    return *said == "ann" ? 0 : said->empty() ? 4 : 1;
  }

  bool shown_ = false;
};

TEST_F(QuestionTest, ASecretIsNotShownAndWhateverEndsItTheTerminalIsAsBefore) {
  const int slave = ::open(name_, O_RDWR | O_NOCTTY);
  EXPECT_EQ(answer("ann\n", ask_secret), 0);
  EXPECT_FALSE(shown_);
  EXPECT_TRUE(echoes());
  EXPECT_EQ(WEXITSTATUS(answer("\n", ask_secret)), 2);
  EXPECT_TRUE(echoes());
  EXPECT_EQ(WEXITSTATUS(answer("\x04", ask_secret)), 2);
  EXPECT_TRUE(echoes());
  const int status = answer("an\x03", ask_secret);
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  EXPECT_EQ(WTERMSIG(status), SIGINT);
  EXPECT_TRUE(echoes());
  ::close(slave);
}

TEST_F(QuestionTest, ALineIsShownAndMayBeEmpty) {
  const int slave = ::open(name_, O_RDWR | O_NOCTTY);
  EXPECT_EQ(answer("ann\n", ask_line), 0);
  EXPECT_TRUE(shown_);
  EXPECT_EQ(WEXITSTATUS(answer("\n", ask_line)), 4);
  EXPECT_EQ(WEXITSTATUS(answer("\x04", ask_line)), 2);
  const int status = answer("\x03", ask_line);
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  EXPECT_TRUE(echoes());
  ::close(slave);
}

}  // namespace
}  // namespace passport::net
