#include "client/checkup.h"

#include <gtest/gtest.h>

#include "net/event.h"
#include "tests/support/run_task.h"

namespace passport::client {
namespace {

using namespace std::chrono_literals;

net::Task<Findings> give(Findings findings) {
  co_return findings;
}

net::Task<Findings> wait_for(net::Event& event, Findings findings) {
  co_await event.wait();
  co_return findings;
}

net::Task<Findings> tell(net::Event& event, Findings findings) {
  event.notify();
  co_return findings;
}

net::Task<Findings> break_down() {
  throw std::runtime_error("a fault");
  co_return Findings{};
}

class Checkup : public testing::Test {
 protected:
  static Check check(std::string name, Findings findings, std::vector<std::string> grounds = {},
                     std::vector<std::string> after = {}) {
    const auto run = [findings = std::move(findings)](net::Deadline) { return give(findings); };
    return {std::move(name), run, std::move(grounds), std::move(after)};
  }

  /// The lines that are told.
  std::string run(std::vector<Check> checks) {
    std::string out;
    const auto into = [&out](const Finding& finding) { out += render_finding(finding, false); };
    findings_ = test::run_task(io_, run_checks(std::move(checks), into));
    return out;
  }

  net::asio::io_context io_;
  Findings findings_;
};

TEST_F(Checkup, AFailureTakesAlongWhatStandsOnIt) {
  EXPECT_EQ(run({check("a", {fail(Errc::kUnavailable, "gone", "look")}),
                 check("b", {ok("fine")}, {"a"}), check("c", {ok("fine")}, {"b"}),
                 check("d", {ok("fine")}, {}, {"a", "c"}), check("e", {warn("hm")}),
                 check("f", {ok("fine")}, {"e"})}),
            "FAIL  a: gone\n"
            "      look\n"
            "skip  b: needs a\n"
            "skip  c: needs b\n"
            "ok    d: fine\n"
            "warn  e: hm\n"
            "ok    f: fine\n");
  EXPECT_EQ(findings_.size(), 6U);
  EXPECT_EQ(status_of(findings_), 69);
}

TEST_F(Checkup, OneCanFindMuchOrNothing) {
  auto named = ok("ready");
  named.what = "instance i-1";
  EXPECT_EQ(
      run({check("a", {named, ok("all")}), check("b", {}), check("c", {ok("too")}, {"b"})}),
      "ok    instance i-1: ready\nok    a: all\nok    c: too\n");
}

/// Each waits for one that is told of later: alone in a row they would never end.
TEST_F(Checkup, TheyRunAtOnceAndAreToldInOrder) {
  net::Event event(io_.get_executor());
  EXPECT_EQ(run({{"a", [&](net::Deadline) { return wait_for(event, {ok("1")}); }},
                 {"b", [&](net::Deadline) { return tell(event, {ok("2")}); }}}),
            "ok    a: 1\nok    b: 2\n");
}

TEST_F(Checkup, OneThatHangsIsLeftBehind) {
  net::Event never(io_.get_executor());
  EXPECT_EQ(run({{"a", [&](net::Deadline) { return wait_for(never, {ok("1")}); }, {}, {}, 0s},
                 check("b", {ok("2")}),
                 check("c", {ok("3")}, {"a"})}),
            "FAIL  a: it did not end within 0 s\nok    b: 2\nskip  c: needs a\n");
  EXPECT_EQ(status_of(findings_), 75);
}

TEST_F(Checkup, AFaultInACheckIsAFinding) {
  EXPECT_EQ(run({{"a", [](net::Deadline) { return break_down(); }}, check("b", {ok("2")})}),
            "FAIL  a: a fault\nok    b: 2\n");
  EXPECT_EQ(status_of(findings_), 70);
}

}  // namespace
}  // namespace passport::client
