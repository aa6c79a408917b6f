#include "client/finding.h"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>
#include <sysexits.h>

namespace passport::client {
namespace {

Finding named(const char* what, Finding finding) {
  finding.what = what;
  finding.ms = 3;
  return finding;
}

const std::vector<Finding>& all() {
  static const std::vector<Finding> findings = {
      named("ssh", ok("OpenSSH_9.2p1")), named("clock", warn("6 s behind", "set it")),
      named("name", fail({Errc::kUnavailable, "cannot find host \"x\"", "look"})),
      named("token", fail(Errc::kDenied, "no token")), named("TLS", skip("no address"))};
  return findings;
}

TEST(Finding, IsALineAndOneForTheRemedy) {
  std::string text;
  for (const auto& finding : all()) text += render_finding(finding, false);
  EXPECT_EQ(text,
            "ok    ssh: OpenSSH_9.2p1\n"
            "warn  clock: 6 s behind\n"
            "      set it\n"
            "FAIL  name: cannot find host \"x\"\n"
            "      look\n"
            "FAIL  token: no token\n"
            "skip  TLS: no address\n");
  EXPECT_EQ(render_finding(all()[2], true),
            "\x1b[1;31mFAIL\x1b[0m  name: cannot find host \"x\"\n      look\n");
}

TEST(Finding, WordsOfOthersStayWords) {
  const auto text =
      render_finding(named("x\ny", fail(Errc::kDenied, "a\nok    b\x1b[2J", "c\nd")), true);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_EQ(text.find("\x1b[2J"), std::string::npos);
}

TEST(Finding, TheFirstFailureIsTheStatus) {
  EXPECT_EQ(status_of(all()), EX_UNAVAILABLE);
  EXPECT_EQ(status_of({all()[0], all()[1], all()[4]}), EX_OK);
  EXPECT_EQ(status_of({}), EX_OK);
}

TEST(Finding, JsonHasThemAll) {
  EXPECT_EQ(
      json::serialize(describe_findings({all()[1], all()[3], all()[4]})),
      R"({"status":77,"checks":[)"
      R"({"check":"clock","outcome":"warn","detail":"6 s behind","remedy":"set it","ms":3},)"
      R"({"check":"token","outcome":"fail","detail":"no token","status":77,"ms":3},)"
      R"({"check":"TLS","outcome":"skip","detail":"no address"}]})");
}

TEST(Finding, AnErrorsOwnHintComesFirst) {
  EXPECT_EQ(fail({Errc::kDenied, "a", "its own"}, "another").remedy, "its own");
  EXPECT_EQ(fail({Errc::kDenied, "a"}, "another").remedy, "another");
}

}  // namespace
}  // namespace passport::client
