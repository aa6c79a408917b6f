#include "proxy/link_end.h"

#include <csignal>

#include <gtest/gtest.h>

#include "tests/support/channel_pair.h"

namespace passport::proxy {
namespace {

using Cause = LinkEnd::Cause;
using namespace std::chrono_literals;

TEST(LinkEnd, ReportsCountTheStreamsBytes) {
  test::ChannelPair pair({});
  pair.upload(test::random_text(70000, 1));
  pair.download(test::random_text(90001, 2));
  ASSERT_TRUE(pair.run(60s, [&] {
    return pair.uploaded().size() == 70000 && pair.downloaded().size() == 90001;
  }));
  const auto report = make_session_report({Cause::kLocal, {}, 2}, 0, &pair.client);
  EXPECT_EQ(report.bytes_sent, 70000U);
  EXPECT_EQ(report.bytes_received, 90001U);
  EXPECT_EQ(report.resumes, 2U);
  EXPECT_EQ(report.reason, "closed by the client");
}

/// What is sent again or comes twice counts once.
TEST(LinkEnd, ReportsCountNoByteTwice) {
  test::ChannelPair::Setup setup;
  setup.up.drop = setup.up.duplicate = 0.1;
  setup.down = setup.up;
  test::ChannelPair pair(setup);
  pair.upload(test::random_text(30000, 1));
  pair.download(test::random_text(30000, 2));
  ASSERT_TRUE(pair.run(600s, [&] {
    return pair.uploaded().size() == 30000 && pair.downloaded().size() == 30000;
  }));
  const auto report = make_session_report({Cause::kPeer}, 0, &pair.client);
  EXPECT_EQ(report.bytes_sent, 30000U);
  EXPECT_EQ(report.bytes_received, 30000U);
  EXPECT_EQ(report.reason, "closed by the server");
}

TEST(LinkEnd, ReasonsSayWhoEndedIt) {
  const auto reason = [](const LinkEnd& end, int signal = 0) {
    return make_session_report(end, signal, nullptr).reason;
  };
  EXPECT_EQ(reason({Cause::kLocal}, SIGTERM), "signal TERM");
  EXPECT_EQ(reason({Cause::kPeer}, SIGHUP), "signal HUP");
  EXPECT_EQ(reason({Cause::kGone, Error{Errc::kUnavailable, "the connection broke"}}),
            "session gone");
  EXPECT_EQ(reason({Cause::kFailed, Error{Errc::kUnavailable, "no\x1b[2J port"}}),
            "no\\x1b[2J port");
  EXPECT_EQ(reason({Cause::kFailed}), "failed");
  EXPECT_LE(reason({Cause::kFailed, Error{Errc::kUnavailable, std::string(5000, 'x')}}).size(),
            210U);
}

TEST(LinkEnd, TheEndOfInputIsNotTheClientsGoing) {
  wire::ssm::ClientChannel channel({}, [] { return wire::ssm::Uuid{}; }, {});
  EXPECT_EQ(make_session_report({Cause::kLocal}, 0, &channel).reason, "closed by the client");
  channel.finish({});
  EXPECT_EQ(make_session_report({Cause::kLocal}, 0, &channel).reason, "end of input");
}

}  // namespace
}  // namespace passport::proxy
