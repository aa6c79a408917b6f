#include "net/clock_jump.h"

#include <ctime>
#include <optional>

#include <gtest/gtest.h>

namespace passport::net {
namespace {

/// Sets the wall clock to what it is: to the kernel a jump like any other.
bool set_clock_to_now() {
  timespec now{};
  return ::clock_gettime(CLOCK_REALTIME, &now) == 0 &&
         ::clock_settime(CLOCK_REALTIME, &now) == 0;
}

TEST(ClockJump, IsNoticed) {
  asio::io_context context(1);
  ClockJump jump(context.get_executor());
  bool noticed = false;
  asio::co_spawn(context, jump.next(),
                 [&](const std::exception_ptr&, bool jumped) { noticed = jumped; });
  context.poll();
  EXPECT_FALSE(noticed);
  if (!set_clock_to_now()) GTEST_SKIP() << "the clock is for root to set";
  context.run_for(std::chrono::seconds(10));
  EXPECT_TRUE(noticed);
}

TEST(ClockJump, IsNoLongerWaitedForWhenCancelled) {
  asio::io_context context(1);
  ClockJump jump(context.get_executor());
  std::optional<bool> answer;
  asio::co_spawn(context, jump.next(),
                 [&](const std::exception_ptr&, bool jumped) { answer = jumped; });
  context.poll();
  jump.cancel();
  context.run_for(std::chrono::seconds(10));
  EXPECT_EQ(answer, false);
}

}  // namespace
}  // namespace passport::net
