// What the reconciler does when the configuration has changed under its requests.
#include "service/reconciler.h"

#include <cstdlib>

#include "tests/service/api_fixture.h"

namespace passport::service {
namespace {

class ReconcilerTest : public ApiTest {};
INSTANTIATE_TEST_SUITE_P(Engines, ReconcilerTest, engines(), name_of_engine);

/// More of them than are worked on at once: each gives its place back.
TEST_P(ReconcilerTest, RequestsOfAnAccountThatIsNoMoreWaitForItsReturn) {
  const auto ann = token("ann", {"admins"});
  constexpr std::int64_t kRequests = Reconciler::kMaxAtOnce + 1;
  for (std::int64_t i = 0; i < kRequests; ++i) create(ann);
  const auto records = count("logbook");
  ::setenv("AWS_REGION", "eu-west-1", 1);
  ::setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
  const Config without;
  auto access = AccountAccess::open(io.get_executor());
  ASSERT_TRUE(access) << access.error().detail;
  Reconciler reconciler(io.get_executor(), without, *database, **access,
                        authorities->trusted());
  bool ended = false;
  net::asio::co_spawn(io, reconciler.run(), [&](const std::exception_ptr&) { ended = true; });
  const auto released =
      "access_request WHERE fence = 1 AND lease_until = 0 AND next_at > created_at";
  const auto end = net::deadline_in(std::chrono::seconds(20));
  while (count(released) < kRequests && net::Deadline::clock::now() < end) continue;
  EXPECT_EQ(count(released), kRequests);
  EXPECT_EQ(count("logbook"), records) << "nothing was done";
  EXPECT_EQ(count("request_instance WHERE state = 'waiting' AND attempts = 0"), 2 * kRequests);
  reconciler.stop();
  io.restart();
  while (!ended && io.run_one_until(end + std::chrono::minutes(1)) > 0) continue;
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace passport::service
