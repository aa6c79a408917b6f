// The credentials that sessions are started with, taken from the lab's STS as the service takes
// them, against every call of Systems Manager: what the lab's evaluation of policies lets
// through is the instance, the document and the sessions of the request, and nothing else.
#include <fstream>
#include <random>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "lab/service.h"
#include "service/session_policy.h"
#include "tests/lab/signing.h"

namespace passport::service {
namespace {

constexpr std::int64_t kNow = 1795370400;
constexpr const char* kRole = "arn:aws:iam::123456789012:role/passport";
constexpr const char* kRight = "i-00000000000000001";
constexpr const char* kOther = "i-00000000000000002";
constexpr const char* kManaged = "mi-00000000000000001";
constexpr const char* kDocument = "AWS-StartSSHSession";
constexpr const char* kRequest = "ar-0123456789abcdef";

/// One call that somebody may try, and whether the credentials for starting a session, and
/// those for resuming and terminating, are for it.
struct Row {
  std::string name;
  wire::HttpRequest request;
  std::string service;
  bool start = false;
  bool resume = false;
};

class NarrowedRole : public testing::Test {
 protected:
  NarrowedRole()
      : state("eu-west-1", [this](std::span<std::uint8_t> out) {
          for (auto& b : out) b = static_cast<std::uint8_t>(numbers_());
        }) {
    for (const auto* id : {kRight, kOther, kManaged}) state.add_instance({.id = id});
    user.id = state.add_user_key("passportd");
    user.secret = state.find_key(user.id)->secret.reveal();
  }

  wire::HttpResponse send(wire::HttpRequest request, const std::string& service,
                          const lab::TestKey& key) {
    request.headers.emplace_back("Host", "127.0.0.1:4443");
    lab::sign(request, key, service, "eu-west-1", kNow);
    return request.method == "GET" ? answer_upgrade(state, request, kNow)
                                   : answer_request(state, request, kNow);
  }
  lab::TestKey assume(const wire::aws::AssumeRoleRequest& role) {
    const auto answer = ask_for(role);
    const auto issued = wire::aws::parse_assumed_role(answer.body);
    EXPECT_TRUE(issued) << answer.body;
    if (!issued) return {};
    const auto& key = issued->key;
    return {key.id, std::string(key.secret.reveal()), std::string(key.session_token.reveal())};
  }
  wire::HttpResponse ask_for(const wire::aws::AssumeRoleRequest& role) {
    return send(make_assume_role(role), "sts", user);
  }
  /// As the service asks for it.
  static wire::aws::AssumeRoleRequest make_role(const std::string& id,
                                                const std::string& instance,
                                                const std::string& document) {
    Account account;
    account.id = "123456789012";
    account.role_arn = kRole;
    account.external_id = "write-your-own";
    AccessRequest request;
    request.id = id;
    request.region = "eu-west-1";
    request.owner = "ann@example.com";
    const auto role = make_narrowed_role(account, request, instance, document);
    EXPECT_TRUE(role);
    return *role;
  }
  lab::TestKey narrowed(const std::string& id, const std::string& instance,
                        const std::string& document) {
    return assume(make_role(id, instance, document));
  }
  /// The role with all that it may do, as it is without a session policy.
  lab::TestKey whole() {
    wire::aws::AssumeRoleRequest role;
    role.role_arn = kRole;
    role.role_session_name = kRequest;
    return assume(role);
  }

  static Row ssm(std::string name, const std::string& operation, const json::object& body) {
    return {std::move(name),
            {"POST",
             "/",
             {{"Content-Type", "application/x-amz-json-1.1"},
              {"X-Amz-Target", "AmazonSSM." + operation}},
             json::serialize(body)},
            "ssm"};
  }
  static Row start(const std::string& target, const std::string& document) {
    json::object body{{"Target", target}};
    if (!document.empty()) body["DocumentName"] = document;
    auto out = ssm(fmt::format("StartSession {} {}", target, document), "StartSession", body);
    out.start = target == kRight && document == kDocument;
    return out;
  }
  std::string start_session(const lab::TestKey& key) {
    const auto row = start(kRight, kDocument);
    const auto answer = parse_json_object(send(row.request, "ssm", key).body, "answer");
    EXPECT_TRUE(answer);
    return find_string(*answer, "SessionId");
  }
  static std::vector<Row> rows_of_session(const std::string& id, bool own) {
    std::vector<Row> out;
    for (const std::string operation : {"ResumeSession", "TerminateSession"})
      out.push_back(ssm(operation + " " + id, operation, {{"SessionId", id}}));
    const auto path = "/v1/data-channel/" + id;
    out.push_back({"OpenDataChannel " + id,
                   {"GET", path + "?cell-number=1&role=publish_subscribe", {}, ""},
                   "ssmmessages"});
    for (auto& row : out) row.start = row.resume = own;
    out.push_back({"CreateDataChannel " + id, {"POST", path, {}, "{}"}, "ssmmessages"});
    return out;
  }
  /// Every other operation that there is, on the instance itself where it takes one.
  static std::vector<Row> rows_of_operations() {
    std::vector<Row> out;
    std::ifstream file(PASSPORT_TEST_DATA "/ssm_operations.txt");
    for (std::string name; std::getline(file, name);) {
      if (name == "StartSession" || name == "ResumeSession" || name == "TerminateSession")
        continue;
      const json::array ids{kRight};
      out.push_back(ssm(name, name,
                        {{"InstanceIds", ids},
                         {"InstanceId", kRight},
                         {"DocumentName", "AWS-RunShellScript"},
                         {"Parameters", {{"commands", json::array{"id"}}}},
                         {"CommandId", "00000000-0000-4000-8000-000000000000"},
                         {"State", "Active"}}));
    }
    return out;
  }
  static std::vector<Row> rows_of_others() {
    std::vector<Row> out;
    for (const std::string role : {"passport", "admin"}) {
      wire::aws::AssumeRoleRequest request;
      request.role_arn = "arn:aws:iam::123456789012:role/" + role;
      request.role_session_name = "again";
      out.push_back({"AssumeRole " + role, make_assume_role(request), "sts"});
    }
    out.push_back({"CreateControlChannel",
                   {"POST", std::string("/v1/control-channel/") + kRight, {}, "{}"},
                   "ssmmessages"});
    out.push_back(
        {"OpenControlChannel",
         {"GET", std::string("/v1/control-channel/") + kRight + "?role=subscribe", {}, ""},
         "ssmmessages"});
    for (const std::string operation : {"GenerateDataKey", "Decrypt"})
      out.push_back({operation,
                     {"POST",
                      "/",
                      {{"Content-Type", "application/x-amz-json-1.1"},
                       {"X-Amz-Target", "TrentService." + operation}},
                      R"({"KeyId":"alias/lab","NumberOfBytes":64,"CiphertextBlob":"AAAA"})"},
                     "kms"});
    return out;
  }
  std::vector<Row> matrix() {
    std::vector<Row> out;
    const auto add = [&](std::vector<Row> rows) {
      for (auto& row : rows) out.push_back(std::move(row));
    };
    for (const std::string target : {kRight, kOther, kManaged, "i-0000000000000000f", ""})
      for (const std::string document :
           {kDocument, "", "SSM-SessionManagerRunShell", "AWS-StartPortForwardingSession",
            "AWS-StartPortForwardingSessionToRemoteHost", "AWS-StartInteractiveCommand",
            "AWS-StartNonInteractiveCommand", "AWS-RunShellScript", "Of-The-Account",
            "AWS-StartSSHSession2", "*"})
        add({start(target, document)});
    const auto theirs = narrowed("ar-fedcba9876543210", kRight, kDocument);
    add(rows_of_session(start_session(narrowed(kRequest, kRight, kDocument)), true));
    add(rows_of_session(start_session(theirs), false));
    add(rows_of_session(start_session(user), false));
    for (const auto& id : {std::string(kRequest), std::string(kRequest) + "0-0a1b",
                           "x" + std::string(kRequest) + "-0a1b"})
      add(rows_of_session(id, false));
    add(rows_of_operations());
    add(rows_of_others());
    return out;
  }
  bool is_denied(const Row& row, const lab::TestKey& key) {
    const auto answer = send(row.request, row.service, key);
    return answer.body.find("AccessDenied") != std::string::npos &&
           answer.body.find("is not authorized to perform") != std::string::npos;
  }

  lab::ServiceState state;
  lab::TestKey user;

 private:
  std::mt19937 numbers_{1};  // NOLINT: the same in every run
};

TEST_F(NarrowedRole, EveryCallOutsideTheRequestIsRefused) {
  const auto rows = matrix();
  EXPECT_GT(rows.size(), 200U);
  const auto starting = narrowed(kRequest, kRight, kDocument);
  const auto resuming = narrowed(kRequest, "", "");
  int allowed = 0;
  for (const auto& row : rows) {
    EXPECT_EQ(is_denied(row, starting), !row.start) << row.name;
    EXPECT_EQ(is_denied(row, resuming), !row.resume) << row.name;
    allowed += row.start + row.resume;
  }
  EXPECT_EQ(allowed, 4 + 3);
}

/// So what refused them was the session policy, and not that they cannot be called.
TEST_F(NarrowedRole, WithoutTheSessionPolicyNoneIsRefused) {
  const auto key = whole();
  for (const auto& row : matrix()) EXPECT_FALSE(is_denied(row, key)) << row.name;
}

/// Nor can the credentials be had without the policy where the role's own is narrow too.
TEST_F(NarrowedRole, TheRolesOwnPolicyStillHolds) {
  const auto rows = matrix();
  state.faults.policies[kRole] =
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ssm:SendCommand",)"
      R"("Resource":"*"}]})";
  const auto key = narrowed(kRequest, kRight, kDocument);
  for (const auto& row : rows) EXPECT_TRUE(is_denied(row, key)) << row.name;
}

/// By the policies of the deployment guide, but for the name of the principal.
TEST_F(NarrowedRole, IsAssumedByWhomItTrustsAlone) {
  std::ifstream file(PASSPORT_TEST_DATA "/../../service/iam/role-trust.json");
  std::string trust{std::istreambuf_iterator<char>(file), {}};
  const std::string other = "role/passportd";
  for (auto at = trust.find(other); at != std::string::npos; at = trust.find(other))
    trust.replace(at, other.size(), "user/passportd");
  state.faults.trusts[kRole] = trust;
  const auto role = make_role(kRequest, kRight, kDocument);
  EXPECT_EQ(ask_for(role).status, 200);
  auto changed = role;
  changed.external_id = "another";
  EXPECT_EQ(ask_for(changed).status, 403);
  changed = role;
  changed.role_session_name = "eve";
  EXPECT_EQ(ask_for(changed).status, 403);
  changed = role;
  changed.tags = {{"Admin", "yes"}};
  EXPECT_NE(ask_for(changed).body.find("sts:TagSession"), std::string::npos);
  // What the caller's own policy does not allow, trust does not give.
  const std::string caller = "arn:aws:iam::123456789012:user/passportd";
  state.faults.policies[caller] =
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":)"
      R"(["sts:AssumeRole","sts:TagSession"],"Resource":"*"}})";
  EXPECT_NE(ask_for(role).body.find("sts:SetSourceIdentity"), std::string::npos);
  state.faults.policies.clear();
  user.id = state.add_user_key("eve");
  user.secret = state.find_key(user.id)->secret.reveal();
  EXPECT_EQ(ask_for(role).status, 403);
}

TEST_F(NarrowedRole, SessionsBearTheRequestAndItsOwner) {
  const auto id = start_session(narrowed(kRequest, kRight, kDocument));
  EXPECT_TRUE(id.starts_with(std::string(kRequest) + "-")) << id;
  const auto* session = state.find_session(id);
  ASSERT_NE(session, nullptr);
  EXPECT_EQ(session->owner,
            std::string("arn:aws:sts::123456789012:assumed-role/passport/") + kRequest);
  const auto key = narrowed(kRequest, kRight, kDocument);
  const auto* principal = state.find_principal(key.id);
  ASSERT_NE(principal, nullptr);
  EXPECT_EQ(principal->source_identity, "ann@example.com");
  EXPECT_EQ(principal->tags.at("PassportRequest"), kRequest);
}

}  // namespace
}  // namespace passport::service
