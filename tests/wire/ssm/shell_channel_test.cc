// Shells over a data channel: with and without a handshake, their terminal, and their end.
#include <gtest/gtest.h>

#include "tests/support/channel_pair.h"

namespace passport::wire::ssm {
namespace {

using namespace std::chrono_literals;
using test::ChannelPair;
using test::random_text;
using State = ClientChannel::State;

ChannelPair::Setup shell_setup(std::string_view type = kStandardStream) {
  ChannelPair::Setup setup;
  setup.client.accepts = Accepts::kShell;
  setup.client.size = {80, 24};
  setup.agent.session_type = type;
  return setup;
}

bool open(const ChannelPair& p) {
  return p.client.state() == State::kOpen;
}

TEST(ShellChannel, OpensWithTheFirstOutput) {
  auto setup = shell_setup();
  setup.port_delay = 20ms;
  ChannelPair p(setup);
  p.upload("exit\n");
  EXPECT_FALSE(p.run(300ms, [&] { return open(p); }));  // nothing is known of it yet
  EXPECT_EQ(p.uploaded(), "");
  p.download("$ ");
  ASSERT_TRUE(p.run(300ms, [&] { return p.uploaded() == "exit\n"; }));
  EXPECT_EQ(p.downloaded(), "$ ");
  EXPECT_TRUE(p.client.is_shell());
  EXPECT_EQ(p.agent.take_size(), (TerminalSize{80, 24}));
}

TEST(ShellChannel, OpensWithoutOutputOnceTheAgentTookTheSize) {
  auto setup = shell_setup(kInteractiveCommands);
  setup.port_delay = 500ms;
  ChannelPair p(setup);
  p.upload("secret word\n");
  const auto start = p.now;
  ASSERT_TRUE(p.run(10s, [&] { return p.uploaded() == "secret word\n"; }));
  EXPECT_GE(p.now - start, 2s);  // a handshake might have come
  EXPECT_LE(p.now - start, 3s);
  EXPECT_EQ(p.agent.take_size(), (TerminalSize{80, 24}));
}

TEST(ShellChannel, NobodyThereIsATimeout) {
  ChannelPair p(shell_setup());
  p.block_up(true);
  EXPECT_FALSE(p.run(60s, [&] { return open(p); }));
  ASSERT_TRUE(p.client_error);
  EXPECT_EQ(p.client_error->code, Errc::kTimeout);
}

TEST(ShellChannel, AHandshakeIsAwaitedWhereTheAgentWantsOne) {
  auto setup = shell_setup();
  setup.client.size = {132, 50};
  setup.agent.always_handshake = true;
  setup.agent.complete_lag = 50ms;  // what comes within it is acknowledged and thrown away
  setup.down = {.delay_min = 300ms, .delay_max = 400ms};
  ChannelPair p(setup);
  p.upload("ls\n");
  ASSERT_TRUE(p.run(10s, [&] { return p.uploaded() == "ls\n"; }));
  EXPECT_EQ(p.client.agent_version(), "3.3.987.0");
  EXPECT_EQ(p.client.session_type(), kStandardStream);
  EXPECT_EQ(p.agent.take_size(), (TerminalSize{132, 50}));
}

TEST(ShellChannel, TheSizeFollowsTheTerminal) {
  ChannelPair p(shell_setup());
  p.download("$ ");
  ASSERT_TRUE(p.run(1s, [&] { return open(p); }));
  p.run(100ms, [] { return false; });
  EXPECT_EQ(p.agent.take_size(), (TerminalSize{80, 24}));
  p.client.set_size({80, 24});  // no change
  p.run(100ms, [] { return false; });
  EXPECT_EQ(p.agent.take_size(), std::nullopt);
  p.block_up(true);
  const auto before = p.client.counters().sent;
  for (std::uint32_t rows = 1; rows <= 1000; ++rows) {
    p.client.set_size({100, rows});
    p.run(0s, [] { return true; });
  }
  EXPECT_EQ(p.client.counters().sent, before + 1);  // the others would be out of date
  p.block_up(false);
  ASSERT_TRUE(p.run(5s, [&] { return p.agent.take_size() == TerminalSize{100, 1000}; }));
}

TEST(ShellChannel, ErrorsAndTheExitCodeComeApartFromOutput) {
  ChannelPair p(shell_setup(kNonInteractiveCommands));
  ASSERT_TRUE(p.run(1s, [&] { return open(p) && p.agent.room() > 0; }));
  p.download("out");
  p.run(1s, [&] { return p.downloaded() == "out"; });
  EXPECT_EQ(p.client.exit_code(), std::nullopt);
  EXPECT_EQ(p.agent.send_errors(as_bytes("err")), 3U);
  p.agent.send_exit_code(3);
  p.agent.port_closed(p.now);
  ASSERT_TRUE(p.run(1s, [&] { return p.agent.state() == AgentChannel::State::kClosed; }));
  EXPECT_EQ(p.downloaded(), "out");
  EXPECT_EQ(p.downloaded_errors(), "err");
  EXPECT_EQ(p.client.exit_code(), 3);
}

TEST(ShellChannel, LosesNothingUnderFaults) {
  for (const auto seed : test::seeds(5)) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    auto setup = shell_setup();
    setup.seed = seed;
    setup.up = setup.down = {.drop = 0.1, .duplicate = 0.1, .delay_max = 50ms};
    ChannelPair p(setup);
    const auto up = random_text(100000, seed);
    const auto down = random_text(100000, seed + 1);
    p.upload(up);
    p.download(down);
    ASSERT_TRUE(p.run(10min, [&] {
      return p.uploaded().size() >= up.size() && p.downloaded().size() >= down.size();
    })) << (p.client_error ? p.client_error->detail : "");
    EXPECT_TRUE(p.uploaded() == up);
    EXPECT_TRUE(p.downloaded() == down);
  }
}

TEST(ShellChannel, EndsWithoutAFlagThatAShellDoesNotKnow) {
  ChannelPair p(shell_setup());
  p.download("$ ");
  ASSERT_TRUE(p.run(1s, [&] { return open(p); }));
  p.client.terminate(p.now);
  EXPECT_EQ(p.client.state(), State::kClosed);
  EXPECT_FALSE(p.agent.terminated_by_client());
}

TEST(ShellChannel, OnlyWhatWasAskedForIsAccepted) {
  auto setup = shell_setup(kPortSession);
  ChannelPair port(setup);
  EXPECT_FALSE(port.run(5s, [&] { return open(port); }));
  ASSERT_TRUE(port.client_error);
  EXPECT_EQ(port.client_error->detail, "asked for a shell, was offered \"Port\"");

  setup.client.accepts = Accepts::kAny;
  setup.agent.session_type = "Dance";
  ChannelPair unknown(setup);
  EXPECT_FALSE(unknown.run(5s, [&] { return open(unknown); }));
  ASSERT_TRUE(unknown.client_error);
  EXPECT_EQ(unknown.client_error->code, Errc::kProtocol);
}

TEST(ShellChannel, WhoAcceptsAnythingIsToldWhatItIs) {
  auto setup = shell_setup(kPortSession);
  setup.client.accepts = Accepts::kAny;
  setup.agent.properties = {{"portNumber", "3389"}};
  ChannelPair p(setup);
  ASSERT_TRUE(p.run(1s, [&] { return open(p); }));
  EXPECT_FALSE(p.client.is_shell());
  ASSERT_EQ(p.client.properties().size(), 1U);
  EXPECT_EQ(p.client.properties()[0].second, "3389");
}

/// The size that was sent before anything was known is no proof of a port.
TEST(ShellChannel, ARefusedPortIsNoticedByWhoAcceptsAnything) {
  auto setup = shell_setup(kPortSession);
  setup.client.accepts = Accepts::kAny;
  setup.port_refuses = true;
  ChannelPair p(setup);
  p.upload("SSH-2.0-client\r\n");
  EXPECT_FALSE(p.run(60s, [] { return false; }));
  ASSERT_TRUE(p.client_error);
  EXPECT_EQ(p.client_error->detail, kPortSilent);
}

}  // namespace
}  // namespace passport::wire::ssm
