// Two replicas that share a PostgreSQL and nothing else, asked for the same at the same time.
// PASSPORT_RACES: how often each; 50 unless said.
#include <cstdlib>
#include <future>
#include <random>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "service/api.h"
#include "service/tokens.h"
#include "service/work_store.h"
#include "tests/service/postgres_server.h"
#include "tests/support/run_task.h"
#include "tests/wire/ssh/keygen.h"

namespace passport::service {
namespace {

constexpr const char* kAccount = "123456789012";

void fill(std::span<std::uint8_t> out) {
  thread_local std::mt19937_64 random(std::random_device{}());
  for (auto& byte : out) byte = static_cast<std::uint8_t>(random());
}

/// One process's share of passportd.
class Replica {
 public:
  Replica(const Config& config, const std::string& where)
      : database_(std::move(*Database::open(where, 2))),
        authorities_(std::move(*Authorities::open(config, fill))),
        api_(config, *database_, authorities_, fill) {}

  int post(const std::string& token, const std::string& path, const json::object& body = {},
           const std::string& key = "") {
    wire::HttpRequest request{
        "POST", path, {{"Authorization", "Bearer " + token}}, json::serialize(body)};
    if (!key.empty()) request.headers.emplace_back("Idempotency-Key", key);
    return test::run_task(io_, api_.answer(std::move(request))).status;
  }
  std::optional<Claim> claim() {
    const std::function<Result<std::optional<Claim>>(SqlTransaction&)> job = claim_work;
    auto claimed = test::run_task(io_, database_->run<std::optional<Claim>>(job));
    EXPECT_TRUE(claimed) << claimed.error().detail;
    return claimed ? *claimed : std::nullopt;
  }
  bool holds(const Claim& claim) {
    const auto ask = [&](SqlTransaction& transaction) {
      return load_claimed(transaction, claim);
    };
    auto loaded = test::run_task(io_, database_->run<std::optional<StoredRequest>>(ask));
    return loaded && loaded->has_value();
  }

 private:
  net::asio::io_context io_;
  std::unique_ptr<Database> database_;
  Authorities authorities_;
  Api api_;
};

class Races : public testing::Test {
 protected:
  void SetUp() override {
    const auto where = PostgresServer::instance().make_database();
    if (where.empty()) GTEST_SKIP() << PostgresServer::instance().why_not();
    config.accounts[kAccount] = {kAccount,  {"eu-west-1"}, "arn:aws:iam::123456789012:role/p",
                                 "",        {"admins"},    {},
                                 {"leads"}, approvals,     {}};
    config.state_dir = shop.path("state");
    connection = std::move(*connect_database(where));
    ASSERT_TRUE(migrate(*connection));
    ann = token("ann", {"admins"});
    for (auto& replica : replicas) replica = std::make_unique<Replica>(config, where);
    if (const char* text = std::getenv("PASSPORT_RACES")) rounds = std::atoi(text);
  }

  std::string token(const std::string& user, const Groups& groups) {
    const auto secret = make_token(fill);
    EXPECT_TRUE(run_transaction(*connection, [&](SqlTransaction& transaction) {
      return insert_token(transaction, secret, {user, groups}, kUsualTokenLife);
    }));
    return std::string(secret.reveal());
  }
  SqlRow row(const std::string& sql) {
    auto rows = connection->query(sql, {});
    EXPECT_TRUE(rows && !rows->empty()) << sql;
    return rows->at(0);
  }
  /// Both at once; the answers of the first and of the second.
  template <class A, class B>
  static std::pair<int, int> race(A first, B second) {
    auto other = std::async(std::launch::async, second);
    const int one = first();
    return {one, other.get()};
  }
  static json::object wish() {
    return {{"account", kAccount},
            {"region", "eu-west-1"},
            {"instances", json::array{"i-0123456789abcdef0"}},
            {"reason", "race"}};
  }
  /// A new request's id.
  std::string create(int round, const std::string& state) {
    const auto key = "k" + std::to_string(round);
    EXPECT_EQ(replicas[0]->post(ann, "/v1/requests", wish(), key), 201);
    const auto id =
        row("SELECT id FROM access_request WHERE idempotency_key = '" + key + "'").text(0);
    if (!state.empty())
      row("UPDATE access_request SET state = '" + state + "' WHERE id = '" + id +
          "' RETURNING id");
    return "/v1/requests/" + id;
  }

  unsigned approvals = 0;
  int rounds = 50;
  wire::ssh::Workshop shop;
  Config config;
  std::unique_ptr<SqlConnection> connection;
  std::array<std::unique_ptr<Replica>, 2> replicas;
  std::string ann;
};

class ApprovedRaces : public Races {
 protected:
  ApprovedRaces() { approvals = 2; }
};

TEST_F(Races, CreateWithOneKeyMakesOneRequest) {
  for (int i = 0; i < rounds; ++i) {
    const auto key = "k" + std::to_string(i);
    const auto [a, b] =
        race([&] { return replicas[0]->post(ann, "/v1/requests", wish(), key); },
             [&] { return replicas[1]->post(ann, "/v1/requests", wish(), key); });
    ASSERT_EQ(a, 201) << i;
    ASSERT_EQ(b, 201) << i;
    ASSERT_EQ(row("SELECT count(*) FROM access_request").integer(0), i + 1);
  }
}

TEST_F(Races, ExtensionsNeverAddUpBeyondTwelveHours) {
  for (int i = 0; i < rounds; ++i) {
    const auto path = create(i, "active") + "/extend";
    const json::object seven{{"duration_s", 7 * 3600}};  // one of them, not both
    const auto [a, b] = race([&] { return replicas[0]->post(ann, path, seven); },
                             [&] { return replicas[1]->post(ann, path, seven); });
    ASSERT_EQ(std::min(a, b), 200) << i;
    ASSERT_EQ(std::max(a, b), 400) << i;
  }
  EXPECT_EQ(row("SELECT max(ends_at - activated_at) FROM access_request").integer(0),
            8 * 3600 * kSecond);
}

TEST_F(Races, CompleteEndsOnce) {
  for (int i = 0; i < rounds; ++i) {
    const auto path = create(i, "active");
    const auto [a, b] =
        race([&] { return replicas[0]->post(ann, path + "/complete"); },
             [&] {
               return replicas[1]->post(ann, path + "/extend", {{"duration_s", 60}});
             });
    ASSERT_EQ(a, 200) << i;
    ASSERT_TRUE(b == 200 || b == 409) << i << " " << b;
  }
  EXPECT_EQ(row("SELECT count(*) FROM access_request WHERE state = 'completing'").integer(0),
            rounds);
  EXPECT_EQ(row("SELECT count(*) FROM request_instance WHERE state = 'removing'").integer(0),
            rounds);
}

TEST_F(ApprovedRaces, TwoApprovalsActivateOnce) {
  const auto bob = token("bob", {"leads"});
  const auto eve = token("eve", {"leads"});
  for (int i = 0; i < rounds; ++i) {
    const auto path = create(i, "") + "/approve";
    const auto [a, b] = race([&] { return replicas[0]->post(bob, path); },
                             [&] { return replicas[1]->post(eve, path); });
    ASSERT_EQ(a, 200) << i;
    ASSERT_EQ(b, 200) << i;
    const auto [again, twice] = race([&] { return replicas[0]->post(bob, path); },
                                     [&] { return replicas[1]->post(bob, path); });
    ASSERT_EQ(again, 409);
    ASSERT_EQ(twice, 409);
  }
  EXPECT_EQ(row("SELECT count(*) FROM access_request WHERE state = 'provisioning' AND "
                "generation = 1 AND ends_at = activated_at + duration")
                .integer(0),
            rounds);
}

TEST_F(Races, WorkIsClaimedByOneAndALostLeaseTellsTheOld) {
  for (int i = 0; i < rounds; ++i) {
    const auto path = create(i, "active");
    std::array<std::optional<Claim>, 2> claims;
    auto other = std::async(std::launch::async, [&] { claims[1] = replicas[1]->claim(); });
    claims[0] = replicas[0]->claim();
    other.get();
    ASSERT_NE(claims[0].has_value(), claims[1].has_value()) << i;
    const auto winner = claims[0] ? 0U : 1U;
    ASSERT_TRUE(replicas[winner]->holds(*claims[winner]));
    row("UPDATE access_request SET lease_until = 0 WHERE id = '" + claims[winner]->request +
        "' RETURNING id");  // as if it had hung too long
    const auto second = replicas[1 - winner]->claim();
    ASSERT_TRUE(second);
    EXPECT_GT(second->fence, claims[winner]->fence);
    EXPECT_FALSE(replicas[winner]->holds(*claims[winner]));
    EXPECT_TRUE(replicas[1 - winner]->holds(*second));
    row("UPDATE access_request SET state = 'completed' RETURNING id");
  }
}

}  // namespace
}  // namespace passport::service
