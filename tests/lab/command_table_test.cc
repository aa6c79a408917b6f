#include "lab/command_table.h"

#include <gtest/gtest.h>

namespace passport::lab {
namespace {

using namespace std::chrono_literals;
using Status = Invocation::Status;

class CommandTableTest : public testing::Test {
 protected:
  void send(const CommandFaults& faults = {}, const std::vector<std::string>& ids = {"i-1"}) {
    Command command;
    command.id = "c";
    command.delivery_timeout = 30s;
    command.execution_timeout = 60s;
    table.send(std::move(command), ids, faults, 1);
    deliveries = table.take_deliveries();
  }
  std::string details(CommandTable::Uptime now) {
    return table.find("c", now)->invocations.at("i-1").details;
  }

  CommandTable table;
  std::vector<Delivery> deliveries;
};

TEST_F(CommandTableTest, RunsAndEnds) {
  send({}, {"i-1", "i-2"});
  ASSERT_EQ(deliveries.size(), 2U);
  EXPECT_TRUE(table.take_deliveries().empty());
  EXPECT_EQ(details(1s), "Pending");
  ASSERT_TRUE(table.begin(deliveries[0], 1s, 7));
  EXPECT_EQ(details(1s), "InProgress");
  table.finish(deliveries[0], CommandOutcome{.output = "out"}, 2s);
  EXPECT_EQ(details(3s), "Success");
  ASSERT_TRUE(table.begin(deliveries[1], 1s, 7));
  table.finish(deliveries[1], CommandOutcome{.exit_status = 3}, 2s);
  const auto& second = table.find("c", 3s)->invocations.at("i-2");
  EXPECT_EQ(second.status, Status::kFailed);
  EXPECT_EQ(second.response_code, 3);
  EXPECT_EQ(table.find("d", 3s), nullptr);
  EXPECT_EQ(table.begin({"d", "i-1"}, 3s, 7), nullptr);
}

TEST_F(CommandTableTest, OutputHasABound) {
  send();
  table.begin(deliveries[0], 1s, 7);
  table.finish(deliveries[0],
               CommandOutcome{.output = std::string(30000, 'a'),
                              .error_output = std::string(30000, 'b')},
               2s);
  const auto& ended = table.find("c", 3s)->invocations.at("i-1");
  EXPECT_EQ(ended.output.size(), 24000U);
  EXPECT_EQ(ended.error_output.size(), 8000U);
}

TEST_F(CommandTableTest, TimeoutsAndWhatComesAfterThem) {
  CommandFaults faults;
  faults.way.delay_min = faults.way.delay_max = 40s;
  send(faults);
  EXPECT_EQ(deliveries.at(0).delay, 40s);
  EXPECT_EQ(details(29s), "Pending");
  EXPECT_EQ(details(30s), "DeliveryTimedOut");
  EXPECT_TRUE(table.begin(deliveries[0], 40s, 7)) << "what is late runs all the same";
  table.finish(deliveries[0], CommandOutcome{}, 41s);
  EXPECT_EQ(details(41s), "DeliveryTimedOut");

  send();
  table.begin(deliveries[0], 1s, 7);
  table.finish(deliveries[0], CommandOutcome{.exit_status = 137, .timed_out = true}, 61s);
  EXPECT_EQ(details(61s), "ExecutionTimedOut");
  send();
  table.begin(deliveries[0], 1s, 7);
  table.finish(deliveries[0], std::nullopt, 2s);
  EXPECT_EQ(details(2s), "Undeliverable");
}

TEST_F(CommandTableTest, LostDoubledUnheard) {
  CommandFaults faults;
  faults.way.drop = 1;
  send(faults);
  EXPECT_TRUE(deliveries.empty());
  EXPECT_EQ(details(30s), "DeliveryTimedOut");

  faults = {};
  faults.way.duplicate = 1;
  send(faults);
  ASSERT_EQ(deliveries.size(), 2U);
  for (const auto& delivery : deliveries) EXPECT_TRUE(table.begin(delivery, 1s, 7));
  table.finish(deliveries[1], CommandOutcome{}, 2s);
  table.finish(deliveries[0], CommandOutcome{.exit_status = 1}, 3s);
  EXPECT_EQ(details(3s), "Success") << "the first that ends counts";

  faults = {};
  faults.answer_drop = 1;
  send(faults);
  table.begin(deliveries[0], 1s, 7);
  table.finish(deliveries[0], CommandOutcome{}, 2s);
  EXPECT_EQ(details(89s), "InProgress");
  EXPECT_EQ(details(90s), "ExecutionTimedOut");
}

TEST_F(CommandTableTest, ChancesAreOfTheSeed) {
  CommandFaults faults;
  faults.way.drop = 0.5;
  std::vector<std::string> ids;
  for (char c = 'a'; c < 'a' + 20; ++c) ids.push_back(std::string("i-") + c);
  send(faults, ids);
  const auto first = deliveries.size();
  EXPECT_GT(first, 2U);
  EXPECT_LT(first, 18U);
  CommandTable again;
  again.send({.id = "c"}, ids, faults, 1);
  const auto same = again.take_deliveries();
  ASSERT_EQ(same.size(), first);
  for (std::size_t i = 0; i < first; ++i)
    EXPECT_EQ(same[i].instance_id, deliveries[i].instance_id);
}

TEST_F(CommandTableTest, CancelledBeforeAndWhileItRuns) {
  send();
  table.cancel("c", "", 1s);
  EXPECT_EQ(details(1s), "Cancelled");
  EXPECT_EQ(table.begin(deliveries[0], 2s, 7), nullptr);
  send({}, {"i-1", "i-2"});
  table.begin(deliveries[0], 1s, 7);
  table.cancel("c", "i-1", 1s);
  EXPECT_EQ(details(1s), "Cancelling");
  EXPECT_EQ(table.find("c", 1s)->invocations.at("i-2").status, Status::kPending);
  table.finish(deliveries[0], CommandOutcome{}, 2s);
  EXPECT_EQ(details(2s), "Cancelled");
  table.cancel("unknown", "", 1s);
}

TEST_F(CommandTableTest, TheOldestAreForgotten) {
  for (std::size_t i = 0; i <= CommandTable::kMaxCommands; ++i)
    table.send({.id = "c" + std::to_string(i)}, {"i-1"}, {}, 1);
  EXPECT_EQ(table.find("c0", 1s), nullptr);
  EXPECT_NE(table.find("c1", 1s), nullptr);
  EXPECT_EQ(table.commands(1s).size(), CommandTable::kMaxCommands);
}

}  // namespace
}  // namespace passport::lab
