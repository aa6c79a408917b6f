#include "net/stdio.h"

#include <csignal>
#include <fstream>

#include <boost/asio/detached.hpp>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "net/signals.h"
#include "tests/support/run_task.h"

namespace passport::net {
namespace {

/// True when all was written.
Task<bool> write_all(StdoutWriter& writer, ByteView bytes) {
  const auto written = co_await writer.write(bytes);
  co_return written&&* written;
}

struct Ends {
  int reader = -1;
  int writer = -1;
};

Ends make_pipe() {
  int fds[2];
  EXPECT_EQ(::pipe(fds), 0);
  return {fds[0], fds[1]};
}

Ends make_sockets() {
  int fds[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  return {fds[0], fds[1]};
}

Ends make_terminal() {
  Ends ends;
  termios raw{};
  ::cfmakeraw(&raw);
  EXPECT_EQ(::openpty(&ends.writer, &ends.reader, nullptr, &raw, nullptr), 0);
  return ends;
}

class Stdio : public testing::Test {
 protected:
  Stdio() { ignore_sigpipe(); }

  std::string read_once(StdinReader& reader) {
    Bytes bytes(1 << 16);
    const auto n = test::run_task(io_, reader.read(bytes));
    EXPECT_TRUE(n);
    return std::string(as_text(ByteView(bytes).first(*n)));
  }

  static Task<void> read_into(StdinReader& reader, Bytes& bytes,
                              std::optional<std::size_t>& n) {
    const auto got = co_await reader.read(bytes);
    if (got) n = *got;
  }

  static void put(int fd, std::string_view text) {
    EXPECT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  static bool is_blocking(int fd) { return (::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0; }

  asio::io_context io_;
};

TEST_F(Stdio, ReadsPipesSocketsAndTerminalsAndLeavesThemBlocking) {
  for (const auto& make : {make_pipe, make_sockets, make_terminal}) {
    const auto ends = make();
    StdinReader reader(io_.get_executor(), ends.reader);
    put(ends.writer, "one");
    EXPECT_EQ(read_once(reader), "one");
    std::optional<std::size_t> late;
    Bytes bytes(10);
    asio::co_spawn(io_, read_into(reader, bytes, late), asio::detached);
    io_.restart();
    io_.poll();
    EXPECT_FALSE(late) << "nothing has come yet";
    EXPECT_TRUE(is_blocking(ends.reader));
    put(ends.writer, "two");
    while (!late) io_.run_one();
    EXPECT_EQ(as_text(ByteView(bytes).first(*late)), "two");
    ::close(ends.reader);
    ::close(ends.writer);
  }
}

TEST_F(Stdio, TheEndOfInputIsZeroBytes) {
  for (const auto& make : {make_pipe, make_sockets}) {
    const auto ends = make();
    StdinReader reader(io_.get_executor(), ends.reader);
    put(ends.writer, "last");
    ::close(ends.writer);
    EXPECT_EQ(read_once(reader), "last");
    EXPECT_EQ(read_once(reader), "");
    ::close(ends.reader);
  }
}

TEST_F(Stdio, ReadsFilesAndTheNullDevice) {
  const auto path = testing::TempDir() + "net_test_stdin";
  std::ofstream(path) << "from a file";
  const int file = ::open(path.c_str(), O_RDONLY);
  StdinReader reader(io_.get_executor(), file);
  EXPECT_EQ(read_once(reader), "from a file");
  EXPECT_EQ(read_once(reader), "");
  ::close(file);
  const int null = ::open("/dev/null", O_RDONLY);
  StdinReader nothing(io_.get_executor(), null);
  EXPECT_EQ(read_once(nothing), "");
  ::close(null);
}

TEST_F(Stdio, CancelEndsARead) {
  const auto ends = make_pipe();
  StdinReader reader(io_.get_executor(), ends.reader);
  Bytes bytes(10);
  std::optional<std::size_t> got;
  asio::co_spawn(io_, read_into(reader, bytes, got), asio::detached);
  io_.restart();
  io_.poll();
  reader.cancel();
  io_.restart();
  io_.run();
  EXPECT_EQ(got, 0u);
  ::close(ends.reader);
  ::close(ends.writer);
}

TEST_F(Stdio, AClosedDescriptorIsAnError) {
  const auto ends = make_pipe();
  ::close(ends.reader);
  ::close(ends.writer);
  StdinReader reader(io_.get_executor(), ends.reader);
  Bytes bytes(10);
  const auto n = test::run_task(io_, reader.read(bytes));
  ASSERT_FALSE(n);
  EXPECT_EQ(n.error().code, Errc::kUnavailable);
}

TEST_F(Stdio, WritesMoreThanAPipeOrSocketHolds) {
  for (const auto& make : {make_pipe, make_sockets}) {
    const auto ends = make();
    StdoutWriter writer(io_.get_executor(), ends.writer);
    Bytes out(3 << 20);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(i * i >> 8);
    std::optional<bool> wrote;
    asio::co_spawn(io_, write_all(writer, out), [&](std::exception_ptr, bool b) { wrote = b; });
    io_.restart();
    io_.poll();
    EXPECT_FALSE(wrote) << "the reader has not begun";
    EXPECT_TRUE(is_blocking(ends.writer));
    Bytes in;
    StdinReader reader(io_.get_executor(), ends.reader);
    while (in.size() < out.size()) append(in, as_bytes(read_once(reader)));
    EXPECT_TRUE(in == out);
    EXPECT_EQ(wrote, true);
    ::close(ends.reader);
    ::close(ends.writer);
  }
}

TEST_F(Stdio, WritesFilesAndTheNullDevice) {
  const auto path = testing::TempDir() + "net_test_stdout";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  StdoutWriter writer(io_.get_executor(), file);
  EXPECT_TRUE(test::run_task(io_, write_all(writer, as_bytes("to a file"))));
  EXPECT_FALSE(writer.reader_gone());
  ::close(file);
  std::string text;
  std::getline(std::ifstream(path), text);
  EXPECT_EQ(text, "to a file");
  const int null = ::open("/dev/null", O_WRONLY);
  StdoutWriter nothing(io_.get_executor(), null);
  EXPECT_TRUE(test::run_task(io_, write_all(nothing, as_bytes("x"))));
  ::close(null);
}

TEST_F(Stdio, WritingWithoutAReaderIsFalse) {
  for (const auto& make : {make_pipe, make_sockets}) {
    const auto ends = make();
    StdoutWriter writer(io_.get_executor(), ends.writer);
    EXPECT_FALSE(writer.reader_gone());
    ::close(ends.reader);
    EXPECT_TRUE(writer.reader_gone());
    EXPECT_FALSE(test::run_task(io_, write_all(writer, as_bytes("x"))));
    ::close(ends.writer);
  }
}

TEST_F(Stdio, AReaderThatGoesEndsAWriteUnderWay) {
  const auto ends = make_pipe();
  StdoutWriter writer(io_.get_executor(), ends.writer);
  const Bytes out(1 << 20);
  std::optional<bool> wrote;
  asio::co_spawn(io_, write_all(writer, out), [&](std::exception_ptr, bool b) { wrote = b; });
  io_.restart();
  io_.poll();
  ::close(ends.reader);
  io_.restart();
  io_.run();
  EXPECT_EQ(wrote, false);
  ::close(ends.writer);
}

TEST_F(Stdio, AWriterMadeAfterTheReaderLeftStillSaysSo) {
  const auto ends = make_pipe();
  ::close(ends.reader);
  StdoutWriter writer(io_.get_executor(), ends.writer);
  EXPECT_TRUE(writer.reader_gone());
  EXPECT_FALSE(test::run_task(io_, write_all(writer, as_bytes("x"))));
  ::close(ends.writer);
}

TEST(Signals, TellWhichOneCame) {
  asio::io_context io;
  Signals signals(io.get_executor(), {SIGHUP, SIGTERM});
  std::raise(SIGTERM);
  EXPECT_EQ(test::run_task(io, signals.next()), SIGTERM);
  std::raise(SIGHUP);
  EXPECT_EQ(test::run_task(io, signals.next()), SIGHUP);
  int ended = -1;
  asio::co_spawn(io, signals.next(), [&](std::exception_ptr, int s) { ended = s; });
  io.restart();
  io.poll();
  signals.cancel();
  io.restart();
  io.run();
  EXPECT_EQ(ended, 0);
}

}  // namespace
}  // namespace passport::net
