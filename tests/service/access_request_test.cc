#include "service/access_request.h"

#include <random>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace passport::service {
namespace {

using namespace std::chrono_literals;

constexpr Millis kNow = 1'790'000'000'000;

json::object good() {
  return {{"account", "123456789012"},
          {"region", "eu-west-1"},
          {"instances", json::array{"i-0123456789abcdef0", "mi-0123456789abcdef0"}},
          {"reason", "a disk is full"}};
}

TEST(NewRequest, IsRead) {
  auto body = good();
  auto request = parse_new_request(body);
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->instances.size(), 2U);
  EXPECT_EQ(request->duration, 1h);
  body["duration_s"] = 43200;
  body["key_type"] = "rsa";
  body["ticket"] = "OPS-1";
  body["break_glass"] = true;
  request = parse_new_request(body);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->duration, 12h);
  EXPECT_TRUE(request->break_glass);
}

TEST(NewRequest, WhatCannotBeIsToldByItsField) {
  struct Case {
    std::string field;
    json::value value;
    std::string why;
  };
  const std::vector<Case> cases = {
      {"account", "12345678901", "account: "},
      {"account", nullptr, "account: "},
      {"region", "eu west", "region: "},
      {"region", "eu-west-1/../x", "region: "},
      {"instances", json::array{}, "instances: not a list"},
      {"instances", "i-0123456789abcdef0", "instances: not a list"},
      {"instances", json::array{"i-xyz"}, "instances: \"i-xyz\" is no instance id"},
      {"instances", json::array{7}, "instances: \"\" is no instance id"},
      {"instances", json::array{"i-0123456789abcdef0", "i-0123456789abcdef0"},
       "instances: i-0123456789abcdef0 is there twice"},
      {"instances", json::array(501, json::value("i-0123456789abcdef0")),
       "instances: more than 500"},
      {"reason", "", "reason: empty"},
      {"reason", nullptr, "reason: not a string"},
      {"reason", "a\nb", "reason: a control character"},
      {"reason", "\xff", "reason: a control character"},
      {"reason", json::value(std::string(501, 'x')), "reason: longer than 500 bytes"},
      {"ticket", json::value(std::string(101, 'x')), "ticket: longer than 100 bytes"},
      {"duration_s", 59, "duration_s: not 60 to 43200 seconds"},
      {"duration_s", 43201, "duration_s: not 60"},
      {"duration_s", "3600", "duration_s: not 60"},
      {"duration_s", 3600.5, "duration_s: not 60"},
      {"key_type", "dsa", "key_type: neither"},
      {"break_glass", 1, "break_glass: neither"},
      {"owner", "root", "unknown field \"owner\""}};
  for (const auto& [field, value, why] : cases) {
    auto body = good();
    body[field] = value;
    const auto request = parse_new_request(body);
    ASSERT_FALSE(request) << field << json::serialize(value);
    EXPECT_EQ(request.error().code, Errc::kUsage);
    EXPECT_TRUE(request.error().detail.starts_with(why)) << request.error().detail;
  }
  for (const auto* field : {"account", "region", "instances", "reason"}) {
    auto body = good();
    body.erase(field);
    EXPECT_FALSE(parse_new_request(body)) << field;
  }
}

TEST(LinuxUser, IsMaskedAndOfTheRequestAlone) {
  const auto user = make_linux_user("ann@example.com", "ar-0123456789abcdef");
  EXPECT_EQ(user.size(), 19U);
  EXPECT_TRUE(user.starts_with("rs-"));
  EXPECT_NE(user, make_linux_user("ann@example.com", "ar-0123456789abcdee"));
  EXPECT_NE(user, make_linux_user("bob@example.com", "ar-0123456789abcdef"));
  EXPECT_EQ(user, make_linux_user("ann@example.com", "ar-0123456789abcdef"));
}

AccessRequest active_request(std::chrono::seconds duration) {
  AccessRequest request;
  request.id = "ar-0123456789abcdef";
  request.duration = duration.count() * kSecond;
  activate(request, kNow);
  request.state = RequestState::kActive;
  return request;
}

TEST(Extension, GoesToTwelveHoursFromActivationAndNoFurther) {
  const auto request = active_request(11h);
  EXPECT_EQ(*find_extended_end(request, 1h, kLongestDuration, kNow + 1),
            kNow + 12 * 3600 * kSecond);
  const auto longer = find_extended_end(request, 3601s, kLongestDuration, kNow + 1);
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().detail, "duration_s: 60 minutes can be added at most");
  EXPECT_FALSE(find_extended_end(request, 1h, 11h, kNow));
  EXPECT_FALSE(find_extended_end(request, 1h, 24h, kNow + 13 * 3600 * kSecond));
  EXPECT_FALSE(find_extended_end(request, 2h, 24h, kNow));
  EXPECT_FALSE(find_extended_end(request, 0s, kLongestDuration, kNow));
  EXPECT_FALSE(find_extended_end(request, -1s, kLongestDuration, kNow));
  EXPECT_EQ(find_extended_end(request, 1h, kLongestDuration, request.ends_at).error().code,
            Errc::kConflict);
}

TEST(Extension, IsForWhatRunsAlone) {
  for (const auto state :
       {RequestState::kPending, RequestState::kCompleting, RequestState::kCompleted,
        RequestState::kExpired, RequestState::kDenied, RequestState::kFailed}) {
    auto request = active_request(1h);
    request.state = state;
    EXPECT_FALSE(find_extended_end(request, 1h, kLongestDuration, kNow)) << to_string(state);
  }
}

/// However the states of instances come about and time passes: a request never goes back, and
/// what is over stays so.
TEST(NextState, NeverGoesBack) {
  const auto seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  std::mt19937 random(seed);
  const auto rank = [](RequestState state) {
    switch (state) {
      case RequestState::kPending:
        return 0;
      case RequestState::kProvisioning:
        return 1;
      case RequestState::kActive:
        return 2;
      case RequestState::kCompleting:
        return 3;
      default:
        return 4;
    }
  };
  for (int run = 0; run < 10000; ++run) {
    auto request = active_request(1h);
    request.state = RequestState::kProvisioning;
    std::vector<RequestInstance> instances(1 + random() % 3);
    auto now = kNow;
    for (int step = 0; step < 12; ++step) {
      now += static_cast<Millis>(random() % (1200 * kSecond));
      for (auto& instance : instances)
        instance.state = static_cast<InstanceState>(random() % 6);
      const auto next = find_next_state(request, instances, now, random() % 2 == 0);
      ASSERT_GE(rank(next), rank(request.state)) << "seed " << seed;
      if (is_final(request.state)) {
        ASSERT_EQ(next, request.state);
      }
      ASSERT_FALSE(now >= request.ends_at && next == RequestState::kActive) << "seed " << seed;
      request.state = next;
    }
  }
}

TEST(NextState, OneInstanceIsEnoughToBeActiveAndAllMustBeGone) {
  auto request = active_request(1h);
  request.state = RequestState::kProvisioning;
  std::vector<RequestInstance> instances(2);
  EXPECT_EQ(find_next_state(request, instances, kNow, false), RequestState::kProvisioning);
  instances[0].state = InstanceState::kFailed;
  EXPECT_EQ(find_next_state(request, instances, kNow, false), RequestState::kProvisioning);
  instances[1].state = InstanceState::kActive;
  EXPECT_EQ(find_next_state(request, instances, kNow, false), RequestState::kActive);
  instances[1].state = InstanceState::kFailed;
  EXPECT_EQ(find_next_state(request, instances, kNow, false), RequestState::kCompleting);
  request.state = RequestState::kCompleting;
  instances[1].state = InstanceState::kRemoving;
  EXPECT_EQ(find_next_state(request, instances, kNow, true), RequestState::kCompleting);
  instances[1].state = InstanceState::kRemoved;
  EXPECT_EQ(find_next_state(request, instances, kNow, true), RequestState::kCompleted);
  EXPECT_EQ(find_next_state(request, instances, kNow, false), RequestState::kFailed);
  EXPECT_EQ(find_next_state(request, instances, request.ends_at, false),
            RequestState::kExpired);
}

TEST(States, HaveNamesBothWays) {
  for (int i = 0; i < 8; ++i) {
    const auto state = static_cast<RequestState>(i);
    EXPECT_EQ(find_request_state(to_string(state)), state);
  }
  for (int i = 0; i < 6; ++i) {
    const auto state = static_cast<InstanceState>(i);
    EXPECT_EQ(find_instance_state(to_string(state)), state);
  }
  EXPECT_FALSE(find_request_state("gone"));
}

}  // namespace
}  // namespace passport::service
