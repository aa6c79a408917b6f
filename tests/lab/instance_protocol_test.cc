#include "lab/instance_protocol.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace passport::lab {
namespace {

TEST(InstanceRequest, GoldenBytes) {
  const Bytes packet = {0, 0, 0, 7, 0, 0, 0, 2, 0, 0, 3, 0xe8, 'i', 'd'};
  EXPECT_EQ(serialize_request({7, RequestKind::kRun, 1000, "id"}), packet);
  const auto request = parse_request(packet);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->id, 7U);
  EXPECT_EQ(request->kind, RequestKind::kRun);
  EXPECT_EQ(request->argument, 1000U);
  EXPECT_EQ(request->script, "id");
}

TEST(InstanceRequest, EveryShortHeaderIsIncomplete) {
  const Bytes whole = serialize_request({1, RequestKind::kConnect, 22});
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const auto request = parse_request(ByteView(whole).first(n));
    ASSERT_FALSE(request) << n;
    EXPECT_EQ(request.error().code, Errc::kIncomplete);
  }
}

TEST(InstanceRequest, AShellBringsItsCommandASignalNothing) {
  const auto shell =
      parse_request(serialize_request({3, RequestKind::kStartShell, kShellTerminal, "id"}));
  ASSERT_TRUE(shell);
  EXPECT_EQ(shell->argument, kShellTerminal);
  EXPECT_EQ(shell->script, "id");
  EXPECT_TRUE(parse_request(serialize_request({3, RequestKind::kSignalShell, 2})));
  EXPECT_FALSE(parse_request(serialize_request({3, RequestKind::kSignalShell, 2, "x"})));
}

TEST(InstanceRequest, RefusesWhatNoLabSends) {
  Bytes unknown = serialize_request({1, RequestKind::kConnect, 22});
  unknown[7] = 7;
  EXPECT_EQ(parse_request(unknown).error().code, Errc::kMalformed);
  unknown[7] = 0;
  EXPECT_EQ(parse_request(unknown).error().code, Errc::kMalformed);
  Bytes trailing = serialize_request({1, RequestKind::kConnect, 22});
  trailing.push_back(0);
  EXPECT_EQ(parse_request(trailing).error().code, Errc::kMalformed);
  const Bytes large =
      serialize_request({1, RequestKind::kRun, 1, std::string(kMaxScript + 1, 'x')});
  EXPECT_EQ(parse_request(large).error().code, Errc::kTooLarge);
}

TEST(InstanceAnswer, RoundTrip) {
  InstanceAnswer answer{9, ECONNREFUSED, {129, true, true, "out", "err"}};
  const auto back = parse_answer(serialize_answer(answer));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->id, 9U);
  EXPECT_EQ(back->error, ECONNREFUSED);
  EXPECT_EQ(back->run.exit_status, 129);
  EXPECT_TRUE(back->run.timed_out);
  EXPECT_TRUE(back->run.truncated);
  EXPECT_EQ(back->run.standard_output, "out");
  EXPECT_EQ(back->run.standard_error, "err");
}

TEST(InstanceAnswer, RefusesShortAndLyingLengths) {
  const Bytes whole = serialize_answer({9, 0, {0, false, false, "out", ""}});
  for (std::size_t n = 0; n < whole.size(); ++n)
    EXPECT_FALSE(parse_answer(ByteView(whole).first(n))) << n;
  Bytes lying = whole;
  lying[19] = 4;
  EXPECT_EQ(parse_answer(lying).error().code, Errc::kMalformed);
  const Bytes large =
      serialize_answer({9, 0, {0, false, false, std::string(kMaxRunOutput + 1, 'x'), ""}});
  EXPECT_EQ(parse_answer(large).error().code, Errc::kTooLarge);
}

TEST(InstanceAnswer, TheLargestFitsAPacket) {
  const std::string full(kMaxRunOutput, 'x');
  EXPECT_LE(serialize_answer({9, 0, {0, false, false, full, full}}).size(), kMaxPacket);
  EXPECT_LE(serialize_request({1, RequestKind::kRun, 1, std::string(kMaxScript, 'x')}).size(),
            kMaxPacket);
}

}  // namespace
}  // namespace passport::lab
