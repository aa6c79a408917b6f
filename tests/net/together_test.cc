#include "net/together.h"

#include <gtest/gtest.h>

#include "tests/support/run_task.h"

namespace passport::net {
namespace {

struct Counts {
  std::size_t now = 0;
  std::size_t most = 0;
  std::vector<int> begun{};
};

Task<void> count(Counts& counts, int number) {
  counts.begun.push_back(number);
  counts.most = std::max(counts.most, ++counts.now);
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(1));
  co_await timer.async_wait(asio::use_awaitable);
  --counts.now;
  if (number == 3) throw std::runtime_error("three");
}

TEST(RunTogether, AllRunAFewAtATime) {
  Counts counts;
  std::vector<Job> jobs;
  for (int n = 0; n < 10; ++n) jobs.emplace_back([&counts, n] { return count(counts, n); });
  asio::io_context io(1);
  EXPECT_THROW(test::run_task(io, run_together(jobs, 4)), std::runtime_error);
  EXPECT_EQ(counts.begun, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(counts.most, 4U);
  EXPECT_EQ(counts.now, 0U);
  test::run_task(io, run_together({}, 4));
}

}  // namespace
}  // namespace passport::net
