#include "api/tunnel.h"

#include <gtest/gtest.h>

namespace passport::api {
namespace {

constexpr int exited(int status) {
  return status << 8;  // as waitpid(2) has it
}

TEST(ExplainTunnelEnd, TakesTheLastWordsAndTheirHint) {
  const auto error =
      explain_tunnel_end({exited(69), true,
                          "passport-proxy: taking a turn\npassport-proxy: hint: old\n"
                          "passport-proxy: i-1: offline\npassport-proxy: hint: start it\n"});
  EXPECT_EQ(error.code, Errc::kUnavailable);
  EXPECT_EQ(error.detail, "i-1: offline");
  EXPECT_EQ(error.hint, "start it");
}

TEST(ExplainTunnelEnd, AnyProgramsWordsAreMadeFitForATerminal) {
  const auto error = explain_tunnel_end({exited(1), true, "nc: \x1b[31mno"});
  EXPECT_EQ(error.detail, "nc: \\x1b[31mno");
}

TEST(ExplainTunnelEnd, SaysHowItEndedWhenItSaidNothing) {
  EXPECT_EQ(explain_tunnel_end({9, true, ""}).detail,
            "the tunnel closed: it was ended by signal 9");
  EXPECT_EQ(explain_tunnel_end({exited(3), true, "\n"}).detail,
            "the tunnel closed: it exited with status 3");
  EXPECT_EQ(explain_tunnel_end({1, false, ""}).detail, "the tunnel closed");
}

TEST(ExplainTunnelEnd, KnowsTheStatusesOfTheProxy) {
  EXPECT_EQ(explain_tunnel_end({exited(75), true, "x"}).code, Errc::kTimeout);
  EXPECT_EQ(explain_tunnel_end({exited(76), true, "x"}).code, Errc::kProtocol);
  EXPECT_EQ(explain_tunnel_end({exited(77), true, "x"}).code, Errc::kDenied);
  EXPECT_EQ(explain_tunnel_end({exited(78), true, "x"}).code, Errc::kConfig);
  EXPECT_EQ(explain_tunnel_end({exited(127), true, "x"}).code, Errc::kUnavailable);
}

}  // namespace
}  // namespace passport::api
