// A side chosen by what the agent says, over an agent in memory.
#include "proxy/chosen_side.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "net/random.h"
#include "proxy/stdio_side.h"
#include "tests/support/agent_websocket.h"
#include "tests/support/channel_pair.h"
#include "tests/support/run_task.h"

namespace passport::proxy {
namespace {

using namespace std::chrono_literals;

class ChosenSideTest : public testing::Test {
 protected:
  /// The agent says `banner` and ends; the side is chosen by `choose`.
  LinkEnd run(wire::ssm::AgentConfig agent, std::string_view banner,
              ChosenSide::Choose choose) {
    test::AgentWebSocket websocket(io_.get_executor(), std::move(agent));
    if (!banner.empty()) websocket.say(banner);
    websocket.end_port("");
    wire::ssm::ClientConfig config;
    config.token = Secret("token");
    config.clock = net::clock_now();
    config.accepts = wire::ssm::Accepts::kAny;
    wire::ssm::ClientChannel channel(std::move(config), test::make_uuid_source(3),
                                     std::chrono::steady_clock::now());
    const auto reconnect = [](bool, net::Deadline) -> net::Task<Result<Connection>> {
      co_return Error{Errc::kNotFound, "gone"};
    };
    Link link(io_.get_executor(), channel, reconnect, {.resume_for = 0s});
    ChosenSide side([&](const wire::ssm::ClientChannel& opened) {
      type_ = opened.session_type();
      return choose(opened);
    });
    return test::run_task(io_, link.run({std::shared_ptr<void>(), &websocket}, side));
  }
  Result<std::unique_ptr<LocalSide>> stdio() {
    return std::unique_ptr<LocalSide>(
        std::make_unique<StdioSide>(io_.get_executor(), input_[0], output_[1]));
  }
  std::string read_output() {
    std::string out(100, '\0');
    const auto n = ::read(output_[0], out.data(), out.size());
    out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return out;
  }

  ChosenSideTest() {
    EXPECT_EQ(::pipe(input_), 0);
    EXPECT_EQ(::pipe(output_), 0);
  }
  ~ChosenSideTest() override {
    for (const int fd : {input_[0], input_[1], output_[0], output_[1]}) ::close(fd);
  }

  net::asio::io_context io_{1};
  std::string type_;
  int input_[2];
  int output_[2];
};

TEST_F(ChosenSideTest, GetsWhatCameBeforeItWasChosen) {
  const auto end =
      run({.properties = {{"portNumber", "22"}}}, "banner", [&](const auto& channel) {
        EXPECT_EQ(channel.properties().size(), 1U);
        return stdio();
      });
  EXPECT_EQ(end.cause, LinkEnd::Cause::kPeer);
  EXPECT_EQ(type_, "Port");
  EXPECT_EQ(read_output(), "banner");
}

TEST_F(ChosenSideTest, AShellWithoutAHandshakeIsKnownByItsOutput) {
  const auto end = run({.session_type = "InteractiveCommands", .properties = {}}, "name? ",
                       [&](const auto& channel) {
                         EXPECT_TRUE(channel.is_shell());
                         return stdio();
                       });
  EXPECT_EQ(end.cause, LinkEnd::Cause::kPeer);
  EXPECT_EQ(read_output(), "name? ");
}

TEST_F(ChosenSideTest, NoSideIsTheEnd) {
  const auto end = run({}, "banner", [](const auto&) -> Result<std::unique_ptr<LocalSide>> {
    return Error{Errc::kUnavailable, "the port is taken"};
  });
  EXPECT_EQ(end.cause, LinkEnd::Cause::kFailed);
  EXPECT_EQ(end.error->detail, "the port is taken");
}

TEST_F(ChosenSideTest, ASessionThatNeverOpensEnds) {
  const auto end =
      run({.session_type = "InteractiveCommands", .properties = {}}, "", [&](const auto&) {
        ADD_FAILURE() << "nothing to choose by";
        return stdio();
      });
  EXPECT_EQ(end.cause, LinkEnd::Cause::kPeer);
}

}  // namespace
}  // namespace passport::proxy
