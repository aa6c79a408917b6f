#include "service/instance_work.h"

#include <gtest/gtest.h>

namespace passport::service {
namespace {

using wire::aws::CommandInvocation;
using wire::aws::InvocationStatus;

constexpr Millis kNow = 1'790'000'000'000;

AccessRequest make_request() {
  AccessRequest request;
  request.id = "ar-0123456789abcdef";
  request.linux_user = "rs-0123456789abcdef";
  request.duration = 3600 * kSecond;
  activate(request, kNow);
  return request;
}
std::vector<RequestInstance> make_instances(std::size_t count) {
  std::vector<RequestInstance> out(count);
  for (std::size_t i = 0; i < count; ++i)
    out[i].instance_id = "i-" + std::to_string(10000000 + i);
  return out;
}
constexpr const char* kKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
CommandInvocation answer(const std::string& outcome, std::int64_t generation, std::int64_t end,
                         const std::string& host_key = kKey) {
  CommandInvocation out;
  out.status = InvocationStatus::kSuccess;
  out.status_details = "Success";
  out.output = R"({"passport":1,"outcome":")" + outcome + R"(","generation":)" +
               std::to_string(generation) + R"(,"end":)" + std::to_string(end) +
               R"(,"home":"/home/x","sudo":false,"sshd":"OpenSSH_9.2p1","host_keys":[")" +
               host_key + "\"]}\n";
  return out;
}

class Work : public testing::Test {
 protected:
  AccessRequest request = make_request();
  std::int64_t end = request.ends_at / kSecond;
  std::vector<RequestInstance> instances = make_instances(1);
  RequestInstance& instance = instances.front();
};

TEST_F(Work, IsSentInBatchesOfFiftyWithOneGenerationEach) {
  instances = make_instances(120);
  instances[3].generation = 7;
  const auto batches = take_batches(request, instances, kNow);
  ASSERT_EQ(batches.size(), 3U);
  EXPECT_EQ(batches[0].instances.size(), 50U);
  EXPECT_EQ(batches[2].instances.size(), 20U);
  EXPECT_EQ(batches[0].generation, 8);
  EXPECT_EQ(batches[1].generation, 1);
  for (const auto& one : instances) EXPECT_EQ(one.state, InstanceState::kProvisioning);
  for (auto& one : instances) one.command_id = "c";
  EXPECT_TRUE(take_batches(request, instances, kNow).empty());
}

TEST_F(Work, WhatALostSenderLeftIsSentAgainWithAHigherGeneration) {
  ASSERT_EQ(take_batches(request, instances, kNow).size(), 1U);
  auto again = take_batches(request, instances, kNow + 1);  // it has no command's id
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].generation, 2);
  instance.command_id = "c";
  EXPECT_TRUE(take_batches(request, instances, kNow + 2).empty());
  again = take_batches(request, instances, kNow + 2 + kCommandPatience);
  ASSERT_EQ(again.size(), 1U);  // and a command that is not heard of is lost
  EXPECT_EQ(again[0].generation, 3);
}

TEST_F(Work, IsDoneWhenTheInstanceSaysThatItIsAsAsked) {
  (void)take_batches(request, instances, kNow);
  take_result(instance, request, answer("live", 1, end), kNow);
  EXPECT_EQ(instance.state, InstanceState::kActive);
  EXPECT_EQ(instance.home, "/home/x");
  EXPECT_EQ(instance.host_keys, std::string(kKey) + "\n");
  EXPECT_EQ(instance.error, "");
  instance.state = InstanceState::kRemoving;
  instance.attempts = 0;
  const auto batches = take_batches(request, instances, kNow);
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_TRUE(batches[0].remove);
  EXPECT_EQ(batches[0].generation, 2);
  take_result(instance, request, answer("gone", 2, end), kNow);
  EXPECT_EQ(instance.state, InstanceState::kRemoved);
}

TEST_F(Work, SaysThatNoHostKeyIsKnown) {
  (void)take_batches(request, instances, kNow);
  take_result(instance, request, answer("live", 1, end, "ssh-dss AAAA"), kNow);
  EXPECT_EQ(instance.state, InstanceState::kActive)
      << "its user is there, and is to be removed";
  EXPECT_EQ(instance.host_keys, "");
  EXPECT_EQ(instance.error, "it told no host key of a type that is known");
}

TEST_F(Work, AnswersThatDoNotFitAreNotBelieved) {
  for (const auto& wrong :
       {answer("live", 2, end), answer("live", 1, end - 1), answer("gone", 1, end),
        answer("making", 1, end), answer("failed", 1, end)}) {
    instances = make_instances(1);
    (void)take_batches(request, instances, kNow);
    instances[0].command_id = "c";
    take_result(instances[0], request, wrong, kNow);
    EXPECT_EQ(instances[0].state, InstanceState::kWaiting) << wrong.output;
    EXPECT_NE(instances[0].error, "");
    EXPECT_GT(instances[0].next_try_at, kNow);
  }
  instances = make_instances(1);
  instances[0].state = InstanceState::kRemoving;
  (void)take_batches(request, instances, kNow);
  take_result(instances[0], request, answer("live", 1, end), kNow);
  EXPECT_EQ(instances[0].state, InstanceState::kRemoving);
}

TEST_F(Work, ProvisioningIsGivenUpAndRemovalIsNot) {
  CommandInvocation lost;
  lost.status = InvocationStatus::kTimedOut;
  lost.status_details = "DeliveryTimedOut";
  auto now = kNow;
  for (int i = 0; i < kMaxProvisionAttempts; ++i) {
    ASSERT_EQ(take_batches(request, instances, now).size(), 1U) << i;
    take_result(instance, request, lost, now);
    now = std::max(now, instance.next_try_at);
  }
  EXPECT_EQ(instance.state, InstanceState::kFailed);
  EXPECT_NE(instance.error.find("DeliveryTimedOut"), std::string::npos);
  instance.state = InstanceState::kRemoving;
  instance.attempts = 0;
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(take_batches(request, instances, now).size(), 1U) << i;
    take_result(instance, request, lost, now);
    ASSERT_EQ(instance.state, InstanceState::kRemoving);
    ASSERT_LE(instance.next_try_at, now + kMaxRetryPause);
    now = instance.next_try_at;
  }
  now = request.ends_at + kRemovalPatience + 1;
  (void)take_batches(request, instances, now);
  take_result(instance, request, lost, now);
  EXPECT_EQ(instance.state, InstanceState::kRemoved);
}

TEST_F(Work, NobodyIsLetInAfterTheEnd) {
  EXPECT_TRUE(take_batches(request, instances, request.ends_at).empty());
}

TEST_F(Work, TheNextTimeIsTheSoonest) {
  request.state = RequestState::kActive;
  instance.state = InstanceState::kActive;
  EXPECT_EQ(find_next_time(request, instances, kNow), request.ends_at);
  instance.state = InstanceState::kProvisioning;
  instance.command_id = "c";
  EXPECT_EQ(find_next_time(request, instances, kNow), kNow + kPollPause);
  instance.state = InstanceState::kWaiting;
  instance.command_id.clear();
  instance.next_try_at = kNow + 5;
  EXPECT_EQ(find_next_time(request, instances, kNow), kNow + 5);
  instance.next_try_at = 0;
  EXPECT_EQ(find_next_time(request, instances, kNow), kNow);
}

}  // namespace
}  // namespace passport::service
