// The pumps of the proxy between real descriptors and an agent in memory; each step fails once.
#include "proxy/link.h"

#include <deque>
#include <set>

#include <boost/asio/detached.hpp>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "net/random.h"
#include "net/signals.h"
#include "proxy/stdio_side.h"
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

/// One link over an agent in memory, from descriptors of the test's choice.
struct Rig {
  explicit Rig(int in, int out, LinkConfig link_config = {.resume_for = 0s})
      : side(context.get_executor(), in, out, kQuiet), websocket(context.get_executor(), {}) {
    net::ignore_sigpipe();
    wire::ssm::ClientConfig config;
    config.token = Secret("token");
    config.clock = net::clock_now();
    channel.emplace(std::move(config), test::make_uuid_source(3),
                    std::chrono::steady_clock::now());
    link.emplace(
        context.get_executor(), *channel,
        [this](bool renew, net::Deadline) { return reconnect(renew); }, link_config);
  }

  /// The websocket as one that the link may share.
  std::shared_ptr<net::WebSocket> shared_websocket() {
    return {std::shared_ptr<void>(), &websocket};
  }
  net::Task<LinkEnd> run_link() { return link->run(shared_websocket(), side); }

  net::Task<Result<Connection>> reconnect(bool renew) {
    renewed.push_back(renew);
    if (!refusals.empty()) {
      const auto refusal = std::move(refusals.front());
      refusals.pop_front();
      co_return refusal;
    }
    websocket.reopen();
    co_return Connection{shared_websocket(), Secret("token of the new connection")};
  }

  /// Runs to the link's end; fails the test when that takes longer than a generous bound.
  LinkEnd run() {
    std::optional<LinkEnd> end;
    net::asio::co_spawn(context, run_link(), [&](const std::exception_ptr& e, LinkEnd result) {
      EXPECT_FALSE(e);
      end = std::move(result);
      context.stop();
    });
    context.run_for(30s);
    EXPECT_TRUE(end) << "the link hangs";
    return end ? *end : LinkEnd{};
  }

  net::asio::io_context context{1};
  StdioSide side;
  test::AgentWebSocket websocket;
  std::optional<wire::ssm::ClientChannel> channel;
  std::optional<Link> link;
  std::deque<Error> refusals;  ///< what the next tries to resume come to
  std::vector<bool> renewed;   ///< for each try, whether credentials were to be read anew
};

TEST(Link, CarriesEveryByteBothWaysAndEndsWithThePeer) {
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
  EXPECT_EQ(end.cause, LinkEnd::Cause::kPeer);
  EXPECT_TRUE(at_port == data);
  EXPECT_TRUE(read_file(out) == "banner" + data);
}

TEST(Link, DeliversWhatComesAfterTheEndOfInput) {
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
  EXPECT_EQ(rig.run().cause, LinkEnd::Cause::kPeer);
  EXPECT_TRUE(read_file(out) == "banner" + answer);
}

TEST(Link, EndsAtOnceWithThePeerAlthoughInputStaysOpen) {
  Pipe in;
  const auto out = make_file("");
  Rig rig(in.reader->get(), out.get());
  rig.websocket.say("bye");
  rig.websocket.end_port("maintenance");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(rig.run().cause, LinkEnd::Cause::kPeer);
  EXPECT_EQ(read_file(out), "bye");
  EXPECT_EQ(rig.channel->service_words(), "maintenance");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
}

TEST(Link, EndsTheSessionWhenNobodyReadsItsOutput) {
  Pipe in;
  Pipe out;
  Rig rig(in.reader->get(), out.writer->get());
  rig.websocket.say("banner");
  rig.websocket.on_step = [&] {
    if (rig.channel->state() == wire::ssm::ClientChannel::State::kOpen) out.reader.reset();
  };
  EXPECT_EQ(rig.run().cause, LinkEnd::Cause::kLocal);
  EXPECT_TRUE(rig.websocket.agent.terminated_by_client());
}

TEST(Link, EndsTheSessionWhenInputEndedAndNobodyReads) {
  const auto in = make_file("");
  Pipe out;
  Rig rig(in.get(), out.writer->get());
  rig.websocket.say("banner");
  int steps = 0;
  rig.websocket.on_step = [&] {
    if (++steps == 6) out.reader.reset();
  };
  EXPECT_EQ(rig.run().cause, LinkEnd::Cause::kLocal);
  EXPECT_TRUE(rig.websocket.agent.terminated_by_client());
}

TEST(Link, ASignalEndsTheSession) {
  Pipe in;
  const auto out = make_file("");
  Rig rig(in.reader->get(), out.get());
  rig.websocket.say("banner");
  int steps = 0;
  rig.websocket.on_step = [&] {
    if (++steps == 6) rig.link->interrupt();
  };
  EXPECT_EQ(rig.run().cause, LinkEnd::Cause::kLocal);
  EXPECT_TRUE(rig.websocket.agent.terminated_by_client());
}

TEST(Link, ALostConnectionIsSaid) {
  Pipe in;
  const auto out = make_file("");
  Rig rig(in.reader->get(), out.get());
  int steps = 0;
  rig.websocket.on_step = [&] {
    if (++steps == 6) rig.websocket.drop(1000, "Bye");
  };
  const auto end = rig.run();
  EXPECT_EQ(end.cause, LinkEnd::Cause::kFailed);
  ASSERT_TRUE(end.error);
  EXPECT_EQ(end.error->code, Errc::kUnavailable);
  EXPECT_NE(end.error->detail.find("1000"), std::string::npos);
  EXPECT_NE(end.error->detail.find("Bye"), std::string::npos);
}

TEST(Link, NothingButMalformedFramesEndsIt) {
  Pipe in;
  const auto out = make_file("");
  Rig rig(in.reader->get(), out.get());
  int steps = 0;
  rig.websocket.on_step = [&] {
    if (++steps == 6)
      for (unsigned i = 0; i <= wire::ssm::ClientChannel::kMaxMalformed; ++i)
        rig.websocket.inject({false, Bytes(50, 'x')});
  };
  const auto end = rig.run();
  EXPECT_EQ(end.cause, LinkEnd::Cause::kFailed);
  ASSERT_TRUE(end.error);
  EXPECT_EQ(end.error->code, Errc::kProtocol);
}

TEST(Link, EachStepFailingOnceNeverHangsAndNeverLies) {
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
    if (end.cause == LinkEnd::Cause::kPeer) {
      EXPECT_TRUE(read_file(out) == "banner" + data);
      if (rig.websocket.steps <= step) break;  // no step was left to fail
    } else {
      EXPECT_EQ(end.cause, LinkEnd::Cause::kFailed);
      EXPECT_TRUE(end.error);
      const auto got = read_file(out);
      EXPECT_TRUE(("banner" + data).starts_with(got));
    }
    ASSERT_LT(step, 1000);
  }
}

/// A transfer each way with the connection dropped at the reads and writes of these numbers.
/// Returns how often it was resumed.
std::size_t expect_survival(std::set<int> drops, std::size_t size) {
  const auto data = random_text(size, 8);
  const auto in = make_file(data);
  const auto out = make_file("");
  Rig rig(in.get(), out.get(), {.resume_for = 60s});
  int steps = 0;
  rig.websocket.on_step = [&] {
    if (drops.contains(steps++)) rig.websocket.drop(1000, "Bye");
  };
  std::string at_port;
  rig.websocket.say("banner");
  rig.websocket.on_port = [&](std::string_view bytes) {
    at_port += bytes;
    if (at_port.size() == data.size()) rig.websocket.end_port("");
    return std::string(bytes);
  };
  const auto end = rig.run();
  EXPECT_EQ(end.cause, LinkEnd::Cause::kPeer) << (end.error ? end.error->detail : "");
  EXPECT_TRUE(at_port == data);
  EXPECT_TRUE(read_file(out) == "banner" + data);
  return rig.renewed.size();
}

TEST(Link, ABreakAtAnyStepIsNotNoticed) {
  std::size_t resumed = 0;
  for (int step = 0; step < 60 && !HasFailure(); ++step) {
    SCOPED_TRACE(testing::Message() << "step " << step);
    resumed += expect_survival({step}, 20000);
  }
  EXPECT_GT(resumed, 30U);  // the last steps are not reached, or come after the end
}

TEST(Link, BreaksThatFollowOneAnotherAreNotNoticed) {
  std::set<int> drops;
  for (int step = 10; step < 2000; step += 150) drops.insert(step);
  EXPECT_EQ(expect_survival(drops, 3000000), drops.size());
}

/// A link whose connection breaks in the middle, with these answers to its tries to resume.
std::pair<LinkEnd, std::vector<bool>> break_once(std::deque<Error> refusals,
                                                 LinkConfig config = {.resume_for = 60s}) {
  Pipe in;
  const auto out = make_file("");
  Rig rig(in.reader->get(), out.get(), config);
  rig.refusals = std::move(refusals);
  rig.websocket.say("banner");
  int steps = 0;
  rig.websocket.on_step = [&] {
    if (++steps == 6) rig.websocket.drop(1006, "");
    if (!rig.renewed.empty() && rig.channel->drained()) rig.websocket.end_port("");
  };
  auto end = rig.run();
  return {std::move(end), std::move(rig.renewed)};
}

TEST(Link, ARefusedResumeIsTriedAgainWithCredentialsReadAnew) {
  const auto [end, renewed] =
      break_once({{Errc::kUnavailable, "no route"}, {Errc::kDenied, "403"}});
  EXPECT_EQ(end.cause, LinkEnd::Cause::kPeer);
  EXPECT_EQ(renewed, (std::vector<bool>{false, false, true}));
}

TEST(Link, ASessionThatIsGoneEndsItAtOnce) {
  const auto [end, renewed] = break_once({{Errc::kNotFound, "aws: the session has ended"}});
  EXPECT_EQ(end.cause, LinkEnd::Cause::kGone);
  ASSERT_TRUE(end.error);
  EXPECT_EQ(end.error->code, Errc::kUnavailable);
  EXPECT_NE(end.error->detail.find("the session is gone"), std::string::npos);
  EXPECT_EQ(renewed.size(), 1U);
}

TEST(Link, GivesUpWithTheLastReasonWhenItsTimeIsOver) {
  const std::deque<Error> refusals(100, Error{Errc::kThrottled, "slow down"});
  const auto [end, renewed] = break_once(refusals, {.resume_for = 1s});
  EXPECT_EQ(end.cause, LinkEnd::Cause::kFailed);
  ASSERT_TRUE(end.error);
  EXPECT_EQ(end.error->code, Errc::kThrottled);
  EXPECT_NE(end.error->detail.find("slow down"), std::string::npos);
  EXPECT_GT(renewed.size(), 2U);
}

TEST(Link, SilenceIsABreak) {
  Pipe in;
  const auto out = make_file("");
  Rig rig(in.reader->get(), out.get(),
          {.resume_for = 60s, .ping_every = 50ms, .dead_after = 150ms});
  rig.websocket.say("banner");
  rig.websocket.on_step = [&] {
    if (!rig.renewed.empty() && rig.channel->drained()) rig.websocket.end_port("");
  };
  rig.websocket.silent = true;
  EXPECT_EQ(rig.run().cause, LinkEnd::Cause::kPeer);
  EXPECT_EQ(rig.renewed.size(), 1U);
  EXPECT_EQ(read_file(out), "banner");
}

TEST(Link, AConnectionThatDoesNotAnswerAfterASleepIsReplaced) {
  Pipe in;
  const auto out = make_file("");
  Rig rig(in.reader->get(), out.get(), {.resume_for = 60s});
  rig.websocket.say("banner");
  rig.websocket.on_step = [&] {
    if (!rig.renewed.empty() && rig.channel->drained()) rig.websocket.end_port("");
  };
  rig.websocket.silent = true;
  net::asio::steady_timer timer(rig.context, 50ms);
  timer.async_wait([&](const boost::system::error_code&) { rig.link->probe(); });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(rig.run().cause, LinkEnd::Cause::kPeer);
  EXPECT_EQ(rig.renewed.size(), 1U);
  EXPECT_LT(std::chrono::steady_clock::now() - start, Link::kProbeTime + 5s);
}

TEST(Link, ASignalDuringAnOutageEndsItAtOnce) {
  Pipe in;
  const auto out = make_file("");
  Rig rig(in.reader->get(), out.get(), {.resume_for = 60s});
  rig.refusals = std::deque<Error>(100, Error{Errc::kUnavailable, "no route"});
  int steps = 0;
  rig.websocket.on_step = [&] {
    if (++steps == 6) rig.websocket.drop(1006, "");
  };
  net::asio::steady_timer timer(rig.context, 300ms);
  timer.async_wait([&](const boost::system::error_code&) { rig.link->interrupt(); });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(rig.run().cause, LinkEnd::Cause::kLocal);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
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

TEST(Link, WaitsForASlowReaderAfterTheEndOfInput) {
  const auto in = make_file("");
  Pipe out;  // takes 64 KiB, then is read only after the quiet time would have ended it
  Rig rig(in.get(), out.writer->get());
  const auto answer = random_text(300000, 6);
  rig.websocket.say(answer);
  std::string got;
  net::asio::co_spawn(rig.context, read_later(rig.context, out.reader->get(), got),
                      net::asio::detached);
  EXPECT_EQ(rig.run().cause, LinkEnd::Cause::kLocal);
  for (std::array<char, 4096> rest{}; got.size() < answer.size();) {
    const auto n = ::read(out.reader->get(), rest.data(), rest.size());
    if (n <= 0) break;
    got.append(rest.data(), static_cast<std::size_t>(n));
  }
  EXPECT_TRUE(got == answer) << got.size();
}

TEST(Link, AFullDiskIsNoCleanEnd) {
  Pipe in;
  const Fd full(::open("/dev/full", O_WRONLY));
  Rig rig(in.reader->get(), full.get());
  rig.websocket.say("banner");
  const auto end = rig.run();
  EXPECT_EQ(end.cause, LinkEnd::Cause::kFailed);
  ASSERT_TRUE(end.error);
  EXPECT_NE(end.error->detail.find("standard output"), std::string::npos);
}

TEST(Link, AnUnreadableInputIsNoEndOfInput) {
  const Fd directory(::open("/", O_RDONLY));
  const auto out = make_file("");
  Rig rig(directory.get(), out.get());
  rig.websocket.say("banner");
  const auto end = rig.run();
  EXPECT_EQ(end.cause, LinkEnd::Cause::kFailed);
  ASSERT_TRUE(end.error);
  EXPECT_NE(end.error->detail.find("standard input"), std::string::npos);
}

TEST(Link, WhatWasAcknowledgedBeforeABreakIsDelivered) {
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
  EXPECT_EQ(end.cause, LinkEnd::Cause::kFailed);
  const auto got = read_file(out);
  EXPECT_EQ(got.size(), (rig.channel->counters().received - 2) * 1024);
  EXPECT_TRUE(said.starts_with(got));
}

TEST(Link, ABurstThatFillsAGapDoesNotStopIt) {
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
  EXPECT_EQ(rig.run().cause, LinkEnd::Cause::kPeer);
  EXPECT_EQ(read_file(out).size(), 1600U * 1024);
}

TEST(Link, ASlowReaderStopsTheReadingOfTheWebsocket) {
  Pipe in;
  Pipe out;  // never read: takes 64 KiB
  Rig rig(in.reader->get(), out.writer->get());
  rig.websocket.say(std::string(20 << 20, 'x'));
  net::asio::co_spawn(rig.context, rig.run_link(),
                      [](const std::exception_ptr&, const LinkEnd&) {});
  for (std::size_t last = 1; last != rig.websocket.frames_read;) {
    last = rig.websocket.frames_read;
    for (int i = 0; i < 10000; ++i) rig.context.poll();
  }
  const auto bytes = rig.websocket.frames_read * 1024;
  EXPECT_GT(bytes, Link::kMaxReadable);
  EXPECT_LT(bytes, 4 * Link::kMaxReadable);
  rig.link->interrupt();
  rig.context.restart();
  rig.context.run_for(10s);
}

}  // namespace
}  // namespace passport::proxy
