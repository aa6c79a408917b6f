#include "client/progress.h"

#include <gtest/gtest.h>

namespace passport::client {
namespace {

json::object request(const std::string& state, const std::vector<std::string>& instances) {
  json::array list;
  for (const auto& is : instances)
    list.push_back({{"id", "i-" + std::to_string(list.size())}, {"state", is}});
  return {{"id", "ar-1"}, {"state", state}, {"instances", std::move(list)}};
}

TEST(Progress, IsSettledWhenNothingMoves) {
  const auto moving =
      find_progress(request("provisioning", {"active", "provisioning", "failed"}));
  EXPECT_FALSE(moving.settled);
  EXPECT_EQ(describe_progress(request("active", {"active", "waiting", "failed"})),
            "1 of 3 instances active, 1 failed");
  EXPECT_EQ(describe_progress(request("active", {"active"})), "1 of 1 instance active");
  EXPECT_TRUE(find_progress(request("active", {"active", "failed"})).settled);
  EXPECT_FALSE(
      find_progress(request("provisioning", {"active"})).settled);  // about to be active
  EXPECT_TRUE(find_progress(request("provisioning", {"failed"})).settled);
  for (const auto* state : {"pending", "completed", "expired", "denied", "failed"})
    EXPECT_TRUE(find_progress(request(state, {"waiting"})).settled) << state;
  EXPECT_TRUE(find_progress({}).settled);
  EXPECT_TRUE(find_progress({{"instances", {1, nullptr}}, {"state", 3}}).settled);
}

TEST(Progress, AnEndIsSettledWhenItHasCome) {
  const auto ending = request("completing", {"removed", "removing", "active"});
  EXPECT_FALSE(find_progress(ending).settled);
  EXPECT_EQ(describe_progress(ending), "1 of 3 users removed");
  EXPECT_FALSE(find_progress(request("completing", {"removed"})).settled);
}

TEST(Progress, ALineAnInstance) {
  auto three = request("active", {"active", "provisioning", "failed"});
  three["instances"].as_array()[1].as_object()["name"] = "web-2";
  three["instances"].as_array()[1].as_object()["error"] = "aws: Throttled";
  three["instances"].as_array()[2].as_object()["error"] = "no\x1b[2J such\nuser";
  EXPECT_EQ(render_progress(three, {}, 10, 7),
            "i-0         active\n"
            "i-1  web-2  provisioning  7 s: aws: Throttled\n"
            "i-2         failed        no\\x1b[2J such\\x0auser\n");
  EXPECT_EQ(render_progress(three, {0, false, 30}, 10, 7),
            "i-0  active\n"
            "i-1  provisioning  7 s: aws...\n"
            "i-2  failed        no\\x1b[2...\n");
}

TEST(Progress, ManyInstancesStayOnTheScreenAndThoseThatMoveComeFirst) {
  std::vector<std::string> states(20, "active");
  states[17] = "provisioning";
  states[19] = "waiting";
  states[3] = "failed";
  EXPECT_EQ(render_progress(request("active", states), {}, 4, 0),
            "i-17  provisioning  0 s\n"
            "i-19  waiting       0 s\n"
            "i-0   active\n"
            "and 17 more: 16 active, 1 failed\n");
  for (std::size_t most = 1; most < 25; ++most) {
    const auto text = render_progress(request("active", states), {}, most, 0);
    EXPECT_LE(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')), most);
  }
}

TEST(Progress, ALogIsToldOfChangesAlone) {
  ProgressLog log;
  EXPECT_EQ(log.take_changes(request("provisioning", {"waiting", "waiting"})),
            (std::vector<std::string>{"i-0: waiting", "i-1: waiting"}));
  EXPECT_TRUE(log.take_changes(request("provisioning", {"waiting", "waiting"})).empty());
  auto next = request("active", {"active", "failed"});
  next["instances"].as_array()[0].as_object()["name"] = "web\n1";
  next["instances"].as_array()[1].as_object()["error"] = "no agent";
  EXPECT_EQ(log.take_changes(next),
            (std::vector<std::string>{"i-0 (web\\x0a1): active", "i-1: failed: no agent"}));
}

}  // namespace
}  // namespace passport::client
