// The API over both engines, without a network.
#pragma once
#include <random>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "service/api.h"
#include "service/tokens.h"
#include "tests/service/postgres_server.h"
#include "tests/support/run_task.h"
#include "tests/wire/ssh/keygen.h"

namespace passport::service {

inline constexpr const char* kAccount = "123456789012";

inline void fill(std::span<std::uint8_t> out) {
  static std::mt19937_64 random(std::random_device{}());
  for (auto& byte : out) byte = static_cast<std::uint8_t>(random());
}

class ApiTest : public testing::TestWithParam<SqlDialect> {
 protected:
  void SetUp() override {
    const auto where = GetParam() == SqlDialect::kSqlite
                           ? "sqlite:" + shop.path("passport.db")
                           : PostgresServer::instance().make_database();
    if (where.empty()) GTEST_SKIP() << PostgresServer::instance().why_not();
    auto& account = config.accounts[kAccount];
    account = {kAccount,
               {"eu-west-1"},
               "arn:aws:iam::123456789012:role/p",
               "",
               {"admins"},
               {"observers"},
               {"approvers"},
               0,
               {"glass"}};
    auto& careful = config.accounts["210987654321"];
    careful = account;
    careful.id = "210987654321";
    careful.approvals = 2;
    config.state_dir = shop.path("state");
    auto opened = Database::open(where, 4);
    ASSERT_TRUE(opened) << opened.error().detail;
    database = std::move(*opened);
    auto keys = Authorities::open(config, fill);
    ASSERT_TRUE(keys);
    authorities.emplace(std::move(*keys));
    api = std::make_unique<Api>(config, *database, *authorities, fill);
  }

  std::string token(const std::string& user, const Groups& groups) {
    auto secret = make_token(fill);
    const auto store = [&](SqlTransaction& transaction) -> Result<bool> {
      auto done = insert_token(transaction, secret, {user, groups}, kUsualTokenLife);
      if (!done) return done.error();
      return true;
    };
    EXPECT_TRUE(test::run_task(io, database->run<bool>(store)));
    return std::string(secret.reveal());
  }
  wire::HttpResponse call(const std::string& token, const std::string& method,
                          const std::string& path, const json::object& body = {},
                          const std::string& key = "") {
    wire::HttpRequest request{method, path, {}, ""};
    if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
    if (!key.empty()) request.headers.emplace_back("Idempotency-Key", key);
    if (method == "POST") request.body = json::serialize(body);
    return test::run_task(io, api->answer(std::move(request)));
  }
  static json::object wish(const std::string& account = kAccount) {
    return {{"account", account},
            {"region", "eu-west-1"},
            {"instances", json::array{"i-0123456789abcdef0", "i-0123456789abcdef1"}},
            {"reason", "a disk is full"}};
  }
  std::string create(const std::string& token, const std::string& account = kAccount) {
    const auto made = call(token, "POST", "/v1/requests", wish(account));
    EXPECT_EQ(made.status, 201) << made.body;
    return find_string(*parse_json_object(made.body, "answer"), "id");
  }
  std::string state_of(const std::string& token, const std::string& id) {
    return find_string(*parse_json_object(call(token, "GET", "/v1/requests/" + id).body, "a"),
                       "state");
  }
  SqlRows query(const std::string& sql) {
    const auto ask = [&](SqlTransaction& transaction) { return transaction.query(sql); };
    auto rows = test::run_task(io, database->run<SqlRows>(ask));
    EXPECT_TRUE(rows) << rows.error().detail;
    return std::move(*rows);
  }
  std::int64_t count(const std::string& from) {
    return query("SELECT count(*) FROM " + from).at(0).integer(0);
  }
  /// As if provisioning had succeeded.
  void make_active(const std::string& id) {
    query("UPDATE access_request SET state = 'active' WHERE id = '" + id + "' RETURNING id");
  }

  wire::ssh::Workshop shop;
  net::asio::io_context io;
  Config config;
  std::unique_ptr<Database> database;
  std::optional<Authorities> authorities;
  std::unique_ptr<Api> api;
};

/// For INSTANTIATE_TEST_SUITE_P.
inline auto engines() {
  return testing::Values(SqlDialect::kSqlite, SqlDialect::kPostgres);
}
inline std::string name_of_engine(const testing::TestParamInfo<SqlDialect>& info) {
  return info.param == SqlDialect::kSqlite ? "sqlite" : "postgres";
}

}  // namespace passport::service
