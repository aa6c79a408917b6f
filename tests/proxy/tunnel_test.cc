// The pumps of the proxy between real descriptors and an agent in memory; each step fails once.
#include "proxy/tunnel.h"

#include <thread>

#include <boost/asio/detached.hpp>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "net/random.h"
#include "net/signals.h"
#include "tests/support/agent_websocket.h"
#include "tests/support/channel_pair.h"

namespace passport::proxy {
namespace {

using namespace std::chrono_literals;
using test::random_text;

constexpr std::chrono::milliseconds kQuiet{200};

/// A descriptor that is closed at the end.
class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  Fd& operator=(Fd&&) = delete;
  ~Fd() { reset(); }
  int get() const { return fd_; }
  void reset() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

Fd make_file(std::string_view content) {
  Fd fd(::memfd_create("input", 0));
  EXPECT_EQ(::write(fd.get(), content.data(), content.size()),
            static_cast<ssize_t>(content.size()));
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

std::string read_file(const Fd& fd) {
  std::string content;
  std::array<char, 65536> buffer{};
  ::lseek(fd.get(), 0, SEEK_SET);
  for (ssize_t n = 0; (n = ::read(fd.get(), buffer.data(), buffer.size())) > 0;)
    content.append(buffer.data(), static_cast<std::size_t>(n));
  return content;
}

struct Pipe {
  Pipe() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::pipe2(fds.data(), O_CLOEXEC), 0);
    reader.emplace(fds[0]);
    writer.emplace(fds[1]);
  }
  std::optional<Fd> reader, writer;
};

wire::WebSocketMessage data_frame(std::int64_t sequence_number, std::string_view payload) {
  wire::ssm::AgentMessage m;
  m.message_type = wire::ssm::kOutputStreamData;
  m.sequence_number = sequence_number;
  m.payload_type = 1;
  m.payload = as_bytes(payload);
  m.payload_digest = wire::ssm::compute_digest(m.payload);
  wire::WebSocketMessage frame;
  serialize_agent_message(m, frame.bytes);
  return frame;
}

/// One tunnel over an agent in memory, from descriptors of the test's choice.
struct Rig {
  explicit Rig(int in, int out)
      : input(context.get_executor(), in),
        output(context.get_executor(), out),
        websocket(context.get_executor(), {}) {
    net::ignore_sigpipe();
    wire::ssm::ClientConfig config;
    config.token = Secret("token");
    config.clock = net::clock_now();
    channel.emplace(std::move(config), test::make_uuid_source(3),
                    std::chrono::steady_clock::now());
    tunnel.emplace(context.get_executor(), *channel, websocket, input, output, kQuiet);
  }

  /// Runs to the tunnel's end; fails the test when that takes longer than a generous bound.
  TunnelEnd run() {
    std::optional<TunnelEnd> end;
    net::asio::co_spawn(context, tunnel->run(),
                        [&](const std::exception_ptr& e, TunnelEnd result) {
                          EXPECT_FALSE(e);
                          end = std::move(result);
                          context.stop();
                        });
    context.run_for(30s);
    EXPECT_TRUE(end) << "the tunnel hangs";
    return end ? *end : TunnelEnd{};
  }

  net::asio::io_context context{1};
  net::StdinReader input;
  net::StdoutWriter output;
  test::AgentWebSocket websocket;
  std::optional<wire::ssm::ClientChannel> channel;
  std::optional<Tunnel> tunnel;
};

TEST(Tunnel, CarriesEveryByteBothWaysAndEndsWithThePeer) {
  const auto data = random_text(3000000, 1);
  const auto in = make_file(data);
  const auto out = make_file("");
  Rig rig(in.get(), out.get());
  std::string at_port;
  rig.websocket.say("banner");
  rig.websocket.on_port = [&](std::string_view bytes) {
    at_port += bytes;
    if (at_port.size() == data.size()) rig.websocket.end_port("");
    return std::string(bytes);
  };
  const auto end = rig.run();
  EXPECT_EQ(end.cause, TunnelEnd::Cause::kPeer);
  EXPECT_TRUE(at_port == data);
  EXPECT_TRUE(read_file(out) == "banner" + data);
}

TEST(Tunnel, DeliversWhatComesAfterTheEndOfInput) {
  const auto in = make_file("question");
  const auto out = make_file("");
  const auto answer = random_text(500000, 2);
  Rig rig(in.get(), out.get());
  std::string at_port;
  rig.websocket.say("banner");
  rig.websocket.on_port = [&](std::string_view bytes) {
    at_port += bytes;
    if (at_port != "question") return std::string();
    rig.websocket.end_port("");
    return answer;
  };
  EXPECT_EQ(rig.run().cause, TunnelEnd::Cause::kPeer);
  EXPECT_TRUE(read_file(out) == "banner" + answer);
}

TEST(Tunnel, EndsAtOnceWithThePeerAlthoughInputStaysOpen) {
  Pipe in;
  const auto out = make_file("");
  Rig rig(in.reader->get(), out.get());
  rig.websocket.say("bye");
  rig.websocket.end_port("maintenance");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(rig.run().cause, TunnelEnd::Cause::kPeer);
  EXPECT_EQ(read_file(out), "bye");
  EXPECT_EQ(rig.channel->service_words(), "maintenance");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
}

TEST(Tunnel, EndsTheSessionWhenNobodyReadsItsOutput) {
  Pipe in;
  Pipe out;
  Rig rig(in.reader->get(), out.writer->get());
  rig.websocket.say("banner");
  rig.websocket.on_step = [&] {
    if (rig.channel->state() == wire::ssm::ClientChannel::State::kOpen) out.reader.reset();
  };
  EXPECT_EQ(rig.run().cause, TunnelEnd::Cause::kLocal);
  EXPECT_TRUE(rig.websocket.agent.terminated_by_client());
}

TEST(Tunnel, EndsTheSessionWhenInputEndedAndNobodyReads) {
  const auto in = make_file("");
  Pipe out;
  Rig rig(in.get(), out.writer->get());
  rig.websocket.say("banner");
  int steps = 0;
  rig.websocket.on_step = [&] {
    if (++steps == 6) out.reader.reset();
  };
  EXPECT_EQ(rig.run().cause, TunnelEnd::Cause::kLocal);
  EXPECT_TRUE(rig.websocket.agent.terminated_by_client());
}

TEST(Tunnel, ASignalEndsTheSession) {
  Pipe in;
  const auto out = make_file("");
  Rig rig(in.reader->get(), out.get());
  rig.websocket.say("banner");
  int steps = 0;
  rig.websocket.on_step = [&] {
    if (++steps == 6) rig.tunnel->interrupt();
  };
  EXPECT_EQ(rig.run().cause, TunnelEnd::Cause::kLocal);
  EXPECT_TRUE(rig.websocket.agent.terminated_by_client());
}

TEST(Tunnel, ALostConnectionIsSaid) {
  Pipe in;
  const auto out = make_file("");
  Rig rig(in.reader->get(), out.get());
  int steps = 0;
  rig.websocket.on_step = [&] {
    if (++steps == 6) rig.websocket.drop(1000, "Bye");
  };
  const auto end = rig.run();
  EXPECT_EQ(end.cause, TunnelEnd::Cause::kFailed);
  ASSERT_TRUE(end.error);
  EXPECT_EQ(end.error->code, Errc::kUnavailable);
  EXPECT_NE(end.error->detail.find("1000"), std::string::npos);
  EXPECT_NE(end.error->detail.find("Bye"), std::string::npos);
}

TEST(Tunnel, AMalformedFrameEndsIt) {
  Pipe in;
  const auto out = make_file("");
  Rig rig(in.reader->get(), out.get());
  int steps = 0;
  rig.websocket.on_step = [&] {
    if (++steps == 6) rig.websocket.inject({false, Bytes(50, 'x')});
  };
  const auto end = rig.run();
  EXPECT_EQ(end.cause, TunnelEnd::Cause::kFailed);
  ASSERT_TRUE(end.error);
  EXPECT_EQ(end.error->code, Errc::kProtocol);
}

TEST(Tunnel, EachStepFailingOnceNeverHangsAndNeverLies) {
  const auto data = random_text(20000, 5);
  for (int step = 0;; ++step) {
    SCOPED_TRACE(testing::Message() << "step " << step);
    const auto in = make_file(data);
    const auto out = make_file("");
    Rig rig(in.get(), out.get());
    rig.websocket.fail_step = step;
    std::string at_port;
    rig.websocket.say("banner");
    rig.websocket.on_port = [&](std::string_view bytes) {
      at_port += bytes;
      if (at_port.size() == data.size()) rig.websocket.end_port("");
      return std::string(bytes);
    };
    const auto end = rig.run();
    if (end.cause == TunnelEnd::Cause::kPeer) {
      EXPECT_TRUE(read_file(out) == "banner" + data);
      if (rig.websocket.steps <= step) break;  // no step was left to fail
    } else {
      EXPECT_EQ(end.cause, TunnelEnd::Cause::kFailed);
      EXPECT_TRUE(end.error);
      const auto got = read_file(out);
      EXPECT_TRUE(("banner" + data).starts_with(got));
    }
    ASSERT_LT(step, 1000);
  }
}

/// Begins to read when three times kQuiet have gone by.
net::Task<void> read_later(net::asio::io_context& context, int fd, std::string& got) {
  net::asio::steady_timer timer(context, 3 * kQuiet);
  co_await timer.async_wait(net::asio::use_awaitable);
  net::StdinReader reader(context.get_executor(), fd);
  Bytes buffer(4096);
  for (;;) {
    const auto n = co_await reader.read(buffer);
    if (!n || *n == 0) break;
    got += as_text(ByteView(buffer).first(*n));
  }
}

TEST(Tunnel, WaitsForASlowReaderAfterTheEndOfInput) {
  const auto in = make_file("");
  Pipe out;  // takes 64 KiB, then is read only after the quiet time would have ended it
  Rig rig(in.get(), out.writer->get());
  const auto answer = random_text(300000, 6);
  rig.websocket.say(answer);
  std::string got;
  net::asio::co_spawn(rig.context, read_later(rig.context, out.reader->get(), got),
                      net::asio::detached);
  EXPECT_EQ(rig.run().cause, TunnelEnd::Cause::kLocal);
  for (std::array<char, 4096> rest{}; got.size() < answer.size();) {
    const auto n = ::read(out.reader->get(), rest.data(), rest.size());
    if (n <= 0) break;
    got.append(rest.data(), static_cast<std::size_t>(n));
  }
  EXPECT_TRUE(got == answer) << got.size();
}

TEST(Tunnel, AFullDiskIsNoCleanEnd) {
  Pipe in;
  const Fd full(::open("/dev/full", O_WRONLY));
  Rig rig(in.reader->get(), full.get());
  rig.websocket.say("banner");
  const auto end = rig.run();
  EXPECT_EQ(end.cause, TunnelEnd::Cause::kFailed);
  ASSERT_TRUE(end.error);
  EXPECT_NE(end.error->detail.find("standard output"), std::string::npos);
}

TEST(Tunnel, AnUnreadableInputIsNoEndOfInput) {
  const Fd directory(::open("/", O_RDONLY));
  const auto out = make_file("");
  Rig rig(directory.get(), out.get());
  rig.websocket.say("banner");
  const auto end = rig.run();
  EXPECT_EQ(end.cause, TunnelEnd::Cause::kFailed);
  ASSERT_TRUE(end.error);
  EXPECT_NE(end.error->detail.find("standard input"), std::string::npos);
}

TEST(Tunnel, WhatWasAcknowledgedBeforeABreakIsDelivered) {
  Pipe in;
  const auto out = make_file("");
  Rig rig(in.reader->get(), out.get());
  const auto said = random_text(60000, 7);
  rig.websocket.say(said);
  rig.websocket.on_step = [&] {
    if (rig.channel->readable().size() > 0 || rig.websocket.frames_read > 20)
      rig.websocket.drop(1006, "");
  };
  const auto end = rig.run();
  EXPECT_EQ(end.cause, TunnelEnd::Cause::kFailed);
  const auto got = read_file(out);
  EXPECT_EQ(got.size(), (rig.channel->counters().received - 2) * 1024);
  EXPECT_TRUE(said.starts_with(got));
}

TEST(Tunnel, ABurstThatFillsAGapDoesNotStopIt) {
  Pipe in;
  const auto out = make_file("");
  Rig rig(in.reader->get(), out.get());
  const std::string block(1024, 'x');
  bool burst = false;
  rig.websocket.on_step = [&] {
    if (rig.channel->state() != wire::ssm::ClientChannel::State::kOpen ||
        std::exchange(burst, true))
      return;
    for (std::int64_t n = 3; n <= 1600; ++n) rig.websocket.inject(data_frame(n, block));
    rig.websocket.inject(data_frame(2, block));
    rig.websocket.inject(data_frame(1601, block));
    rig.websocket.end_port("");
  };
  EXPECT_EQ(rig.run().cause, TunnelEnd::Cause::kPeer);
  EXPECT_EQ(read_file(out).size(), 1600U * 1024);
}

TEST(Tunnel, ASlowReaderStopsTheReadingOfTheWebsocket) {
  Pipe in;
  Pipe out;  // never read: takes 64 KiB
  Rig rig(in.reader->get(), out.writer->get());
  rig.websocket.say(std::string(20 << 20, 'x'));
  net::asio::co_spawn(rig.context, rig.tunnel->run(),
                      [](const std::exception_ptr&, const TunnelEnd&) {});
  for (std::size_t last = 1; last != rig.websocket.frames_read;) {
    last = rig.websocket.frames_read;
    for (int i = 0; i < 10000; ++i) rig.context.poll();
  }
  const auto bytes = rig.websocket.frames_read * 1024;
  EXPECT_GT(bytes, Tunnel::kMaxReadable);
  EXPECT_LT(bytes, 4 * Tunnel::kMaxReadable);
  rig.tunnel->interrupt();
  rig.context.restart();
  rig.context.run_for(10s);
}

}  // namespace
}  // namespace passport::proxy
