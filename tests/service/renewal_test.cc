// Requests whose instances were told otherwise than they would be told now.
#include "service/renewal.h"

#include "service/request_store.h"
#include "tests/service/api_fixture.h"

namespace passport::service {
namespace {

class RenewalTest : public ApiTest {
 protected:
  std::size_t renew(const std::string& digest) {
    const auto work = [&](SqlTransaction& transaction) {
      return renew_requests(transaction, digest, authorities->trusted());
    };
    const auto done = test::run_task(io, database->run<std::size_t>(work));
    EXPECT_TRUE(done) << done.error().detail;
    return done.value();
  }
  /// As if its instances had been told so.
  void provision(const std::string& id, const std::string& told) {
    make_active(id);
    query("UPDATE request_instance SET state = 'active', told = '" + told +
          "' WHERE request = '" + id + "' RETURNING instance");
  }
  std::int64_t waiting(const std::string& id) {
    return count("request_instance WHERE state = 'waiting' AND request = '" + id + "'");
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, RenewalTest, engines(), name_of_engine);

TEST_P(RenewalTest, WhatWasToldOtherwiseIsToldAgain) {
  const auto ann = token("ann", {"admins"});
  const auto old = create(ann);
  const auto fresh = create(ann);
  const auto ended = create(ann);
  provision(old, "old");
  provision(fresh, "new");
  provision(ended, "old");
  query("UPDATE access_request SET next_at = 99999999999999 RETURNING id");
  EXPECT_EQ(call(ann, "POST", "/v1/requests/" + ended + "/complete").status, 200);
  EXPECT_EQ(renew("new"), 1U);
  EXPECT_EQ(waiting(old), 2);
  EXPECT_EQ(waiting(fresh) + waiting(ended), 0);
  EXPECT_EQ(count("access_request WHERE id = '" + old + "' AND next_at < 99999999999999"), 1);
  const auto logged =
      query("SELECT object, details FROM logbook WHERE action = 'request.renew'");
  ASSERT_EQ(logged.size(), 1U);
  EXPECT_EQ(logged[0].text(0), old);
  EXPECT_NE(logged[0].text(1).find("\"instances\":2"), std::string::npos) << logged[0].text(1);
  EXPECT_NE(logged[0].text(1).find("SHA256:"), std::string::npos);
  // Those that wait will be told by whoever does it then.
  EXPECT_EQ(renew("new"), 0U);
  EXPECT_EQ(renew("newer"), 1U);
  EXPECT_EQ(waiting(fresh), 2);
}

TEST_P(RenewalTest, WhatAnInstanceWasToldIsKept) {
  const auto id = create(token("ann", {"admins"}));
  const auto keep = [&](SqlTransaction& transaction) -> Result<bool> {
    auto instances = load_instances(transaction, id);
    if (!instances) return instances.error();
    instances->at(0).told = "so";
    if (auto kept = update_instance(transaction, id, instances->at(0)); !kept)
      return kept.error();
    const auto again = load_instances(transaction, id);
    if (!again) return again.error();
    return again->at(0).told == "so" && again->at(1).told.empty();
  };
  const auto kept = test::run_task(io, database->run<bool>(keep));
  ASSERT_TRUE(kept) << kept.error().detail;
  EXPECT_TRUE(*kept);
}

TEST(Renewal, TheDigestIsOfTheSetOfKeysAndOfSudo) {
  wire::ssh::Workshop shop;
  shop.run("ssh-keygen -q -t ed25519 -N '' -f a; ssh-keygen -q -t ed25519 -N '' -f b");
  const auto a = wire::ssh::parse_public_key_line(shop.run("cat a.pub")).value();
  const auto b = wire::ssh::parse_public_key_line(shop.run("cat b.pub")).value();
  EXPECT_EQ(digest_of_settings({a, b}, false), digest_of_settings({b, a}, false));
  const std::set<std::string> all = {
      digest_of_settings({a, b}, false), digest_of_settings({a, b}, true),
      digest_of_settings({a}, false), digest_of_settings({b}, false),
      digest_of_settings({}, false)};
  EXPECT_EQ(all.size(), 5U);
  EXPECT_FALSE(all.contains(""));
}

}  // namespace
}  // namespace passport::service
