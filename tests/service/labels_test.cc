// What people call their instances: what is kept, for how long, and who is shown what.
#include "service/labels.h"

#include <cstdlib>

#include "api/service_client.h"
#include "service/label_lookup.h"
#include "tests/service/api_fixture.h"

namespace passport::service {
namespace {

constexpr std::string_view kHostile = "a\nHost *\r\x1b[2J\"'$(id)%h\xe2\x80\xae<";

Account account_with(std::set<std::string, std::less<>> tags) {
  Account out;
  out.tags = std::move(tags);
  return out;
}

TEST(Labels, TextIsKeptAsItIs) {
  const std::string hostile = std::string(kHostile) + '\0' + "x";
  const Labels labels{hostile, "Windows", {{"Name", hostile}, {hostile, ""}}};
  const auto text = serialize_labels(labels);
  EXPECT_EQ(text.find('\0'), std::string::npos) << "PostgreSQL's text has no NUL";
  const auto again = parse_labels(text);
  EXPECT_EQ(again.name, labels.name);
  EXPECT_EQ(again.platform, labels.platform);
  EXPECT_EQ(again.tags, labels.tags);
  for (const auto* nothing : {"", "{}", "[]", "{", R"({"name":1,"tags":[]})"}) {
    const auto none = parse_labels(nothing);
    EXPECT_TRUE(none.name.empty() && none.platform.empty() && none.tags.empty()) << nothing;
  }
}

TEST(Labels, TagsThatPass) {
  std::map<std::string, std::string> tags = {
      {"Name", "a"}, {"Role", "b"}, {"role", "c"}, {"aws:autoscaling:groupName", "d"}};
  auto all = tags;
  keep_wanted_tags(all, account_with({}));
  EXPECT_EQ(all.size(), 3U);
  EXPECT_FALSE(all.contains("aws:autoscaling:groupName")) << "AWS's own have to be named";
  auto some = tags;
  keep_wanted_tags(some, account_with({"Role", "aws:autoscaling:groupName", "Other"}));
  EXPECT_EQ(some, (std::map<std::string, std::string>{{"Role", "b"},
                                                      {"aws:autoscaling:groupName", "d"}}));
  for (int i = 0; i < 100; ++i) tags["t" + std::to_string(i)] = "";
  keep_wanted_tags(tags, account_with({}));
  EXPECT_EQ(tags.size(), kMaxLabelTags);
}

TEST(Labels, AreToldOfAnInstance) {
  json::object one{{"id", "i-1"}};
  describe_labels(one, {"", "Linux", {{"Name", std::string(kHostile)}, {"Role", "web"}}},
                  account_with({}));
  EXPECT_EQ(one, (json::object{{"id", "i-1"},
                               {"name", std::string(kHostile)},
                               {"platform", "Linux"},
                               {"tags", {{"Name", std::string(kHostile)}, {"Role", "web"}}}}));
  json::object without_name;
  describe_labels(without_name, {"", "", {{"Name", "x"}, {"Role", "web"}}},
                  account_with({"Role"}));
  EXPECT_EQ(without_name, (json::object{{"tags", {{"Role", "web"}}}}));
  json::object managed;
  describe_labels(managed, {"hall", "", {}}, account_with({"Role"}));
  EXPECT_EQ(managed, (json::object{{"name", "hall"}}));
  json::object nothing;
  describe_labels(nothing, {}, account_with({}));
  EXPECT_TRUE(nothing.empty());
}

class LabelsTest : public ApiTest {
 protected:
  void SetUp() override {
    ApiTest::SetUp();
    if (IsSkipped()) return;
    ann = token("ann", {"admins"});
    id = create(ann);
  }
  LabelBatch unlabelled() {
    std::function<Result<LabelBatch>(SqlTransaction&)> find = [&](SqlTransaction& transaction) {
      return find_unlabelled(transaction, id);
    };
    auto found = test::run_task(io, database->run<LabelBatch>(find));
    EXPECT_TRUE(found) << found.error().detail;
    return std::move(*found);
  }
  void save(const LabelBatch& batch) {
    std::function<Result<bool>(SqlTransaction&)> store =
        [&](SqlTransaction& transaction) -> Result<bool> {
      auto saved = save_labels(transaction, batch);
      if (!saved) return saved.error();
      return true;
    };
    const auto saved = test::run_task(io, database->run<bool>(store));
    EXPECT_TRUE(saved) << saved.error().detail;
  }
  void pass(Millis time) {
    query("UPDATE instance_label SET asked_at = asked_at - " + std::to_string(time) +
          " RETURNING instance");
  }
  json::object first_of(const std::string& path) {
    const auto answer = *parse_json_object(call(ann, "GET", path).body, "answer");
    const auto* requests = find_array(answer, "requests");
    const auto& request = requests != nullptr ? requests->at(0).as_object() : answer;
    return request.at("instances").as_array().at(0).as_object();
  }

  std::string ann, id;
};
INSTANTIATE_TEST_SUITE_P(Engines, LabelsTest, engines(), name_of_engine);

TEST_P(LabelsTest, AreAskedForWhenUnknownOrOld) {
  auto batch = unlabelled();
  EXPECT_EQ(batch.account, kAccount);
  EXPECT_EQ(batch.region, "eu-west-1");
  ASSERT_EQ(batch.instances.size(), 2U);
  EXPECT_EQ(batch.instances[0].id, "i-0123456789abcdef0");
  batch.instances[0].labels.platform = "Linux";
  save(batch);
  EXPECT_TRUE(unlabelled().instances.empty());
  const auto first = std::exchange(id, create(ann));
  EXPECT_TRUE(unlabelled().instances.empty()) << "another request for them";
  pass(kLabelLife);
  EXPECT_EQ(unlabelled().instances.size(), 2U);
  EXPECT_EQ(unlabelled().instances[0].labels.platform, "Linux") << "what was known";
  query(
      "UPDATE request_instance SET state = 'failed' WHERE instance LIKE '%1' RETURNING "
      "request");
  EXPECT_EQ(unlabelled().instances.size(), 1U);
  query("UPDATE access_request SET region = 'eu-north-1' WHERE id = '" + id + "' RETURNING id");
  EXPECT_TRUE(unlabelled().instances.at(0).labels.platform.empty()) << "another region";
  batch.whole = false;
  batch.instances[0].labels.platform = "Windows";
  save(batch);
  id = first;
  EXPECT_EQ(unlabelled().instances.at(0).labels.platform, "Windows") << "to be asked again";
  pass(kLabelMemory);
  save({});
  EXPECT_EQ(count("instance_label"), 0);
}

TEST_P(LabelsTest, AreShownAsTheAccountHasIt) {
  EXPECT_FALSE(first_of("/v1/access").contains("name"));
  auto batch = unlabelled();
  const std::string name(kHostile);
  batch.instances[0].labels = {
      "", "Windows", {{"Name", name}, {"Role", "web"}, {"aws:x", "y"}}};
  save(batch);
  for (const auto& path : {std::string("/v1/access"), "/v1/requests/" + id}) {
    const auto shown = first_of(path);
    EXPECT_EQ(find_string(shown, "name"), name);
    EXPECT_EQ(find_string(shown, "platform"), "Windows");
    EXPECT_EQ(shown.at("tags"), (json::object{{"Name", name}, {"Role", "web"}}));
  }
  config.accounts[kAccount].tags = {"Role"};
  EXPECT_FALSE(first_of("/v1/access").contains("name"));
  EXPECT_EQ(first_of("/v1/access").at("tags"), (json::object{{"Role", "web"}}));
}

/// Twenty requests of 500, with three host keys and all the tags that AWS can have, are an
/// answer that the tools take.
TEST_P(LabelsTest, TenThousandInstancesAreOneAnswer) {
  json::object tags;
  for (int i = 0; i < 50; ++i)
    tags["a tag of some length, " + std::to_string(i)] = std::string(60, 'v');
  const std::string keys = "ssh-ed25519 " + std::string(68, 'A') + "\necdsa-sha2-nistp256 " +
                           std::string(140, 'A') + "\nssh-rsa " + std::string(544, 'A');
  const auto fill_in = [&](const std::string& sql) {
    query("WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 1499) " +
          sql);
  };
  query("DELETE FROM request_instance WHERE request = '" + id + "' RETURNING request");
  for (int i = 0; i < 20; ++i) {
    if (i > 0) id = create(ann);
    query("DELETE FROM request_instance WHERE request = '" + id + "' RETURNING request");
    fill_in(
        "INSERT INTO request_instance (request, instance, state, host_keys, home, "
        "sshd_version) "
        "SELECT '" +
        id + "', 'i-0000000000000" + std::to_string(10 + i) + "' || i, 'active', '" + keys +
        "', '/home/rs-0123456789abcdef', 'OpenSSH_9.2p1' FROM n "
        "RETURNING instance");
    fill_in(
        "INSERT INTO instance_label (account, region, instance, labels, asked_at) SELECT '" +
        std::string(kAccount) + "', 'eu-west-1', 'i-0000000000000" + std::to_string(10 + i) +
        "' || i, '" + json::serialize(json::object{{"tags", tags}, {"platform", "Linux"}}) +
        "', 1 FROM n RETURNING instance");
  }
  const auto begun = std::chrono::steady_clock::now();
  const auto answer = call(ann, "GET", "/v1/access");
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begun);
  ASSERT_EQ(answer.status, 200) << answer.body.substr(0, 300);
  EXPECT_LT(answer.body.size(), api::kMaxAnswer);
  RecordProperty("bytes", static_cast<int>(answer.body.size()));
  RecordProperty("ms", static_cast<int>(took.count()));
  const auto parsed = parse_json_object(answer.body, "answer", api::kMaxAnswer);
  ASSERT_TRUE(parsed) << parsed.error().detail;
  const auto& requests = parsed->at("requests").as_array();
  ASSERT_EQ(requests.size(), 20U);
  const auto instance_of = [&](std::size_t request, std::size_t at) {
    return requests.at(request).at("instances").as_array().at(at).as_object();
  };
  EXPECT_EQ(instance_of(0, 0).at("tags").as_object().size(), 50U);
  EXPECT_EQ(instance_of(19, 499).at("host_keys").as_array().size(), 3U);
  EXPECT_FALSE(instance_of(19, 499).contains("tags")) << "there is room for so many only";
}

/// Without credentials, as without permission, there are no names; everything else is as it
/// was.
TEST_P(LabelsTest, WhatAwsDoesNotSayIsNotKnown) {
  ::setenv("AWS_REGION", "eu-west-1", 1);
  ::setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
  auto access = AccountAccess::open(io.get_executor());
  ASSERT_TRUE(access) << access.error().detail;
  LabelLookup lookup(io.get_executor(), config, *database, **access);
  const auto before = first_of("/v1/access");
  lookup.look_up(id);
  io.restart();
  io.run();
  EXPECT_EQ(lookup.counts().failed, 1U);
  EXPECT_EQ(first_of("/v1/access"), before);
  EXPECT_EQ(unlabelled().instances.size(), 2U) << "they are asked for again";
  api->label_counts = [&] { return lookup.counts(); };
  EXPECT_NE(call("", "GET", "/metrics")
                .body.find("passport_label_lookups_total{result=\"failed\"} 1\n"),
            std::string::npos);
  config.accounts.erase(kAccount);
  lookup.look_up(id);
  io.restart();
  io.run();
  EXPECT_EQ(lookup.counts().failed, 1U) << "an account that is no more is not asked";
}

}  // namespace
}  // namespace passport::service
