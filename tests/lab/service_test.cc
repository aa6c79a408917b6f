#include "lab/service.h"

#include <random>

#include <gtest/gtest.h>

#include "base/json.h"
#include "tests/lab/signing.h"

namespace passport::lab {
namespace {

constexpr std::int64_t kNow = 1795370400;
constexpr char kInstance[] = "i-00000000000000001";
constexpr char kOffline[] = "i-00000000000000009";

class ServiceTest : public testing::Test {
 protected:
  ServiceTest()
      : state("eu-west-1", [this](std::span<std::uint8_t> out) {
          for (auto& b : out) b = static_cast<std::uint8_t>(numbers_());
        }) {
    state.endpoint = {.host = "127.0.0.1", .port = 4443};
    state.add_instance({.id = kInstance, .computer_name = "lab-1"});
    state.add_instance({.id = kOffline,
                        .agent = AgentKind::kNone,
                        .online = false,
                        .last_ping_unix_s = kNow - 7200});
    key.id = state.add_user_key("lab");
    key.secret = state.find_key(key.id)->secret.reveal();
  }

  wire::HttpResponse ssm(const std::string& operation, const std::string& body) {
    wire::HttpRequest request{"POST",
                              "/",
                              {{"Host", "127.0.0.1:4443"},
                               {"Content-Type", "application/x-amz-json-1.1"},
                               {"X-Amz-Target", "AmazonSSM." + operation}},
                              body};
    sign(request, key, "ssm", "eu-west-1", kNow);
    return answer_request(state, request, kNow);
  }
  json::object ssm_ok(const std::string& operation, const std::string& body) {
    const auto answer = ssm(operation, body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    auto parsed = parse_json_object(answer.body, "answer");
    return parsed ? *parsed : json::object{};
  }
  std::string ssm_error(const std::string& operation, const std::string& body) {
    const auto answer = ssm(operation, body);
    EXPECT_EQ(answer.status, 400);
    const auto parsed = parse_json_object(answer.body, "answer");
    message = find_string(*parsed, "message");
    return find_string(*parsed, "__type");
  }
  json::object start() {
    return ssm_ok("StartSession",
                  R"({"Target":"i-00000000000000001","DocumentName":"AWS-StartSSHSession",)"
                  R"("Parameters":{"portNumber":["22"]},"Reason":"test"})");
  }
  wire::HttpResponse sts(const std::string& body, bool with_signature = true) {
    wire::HttpRequest request{
        "POST",
        "/",
        {{"Host", "127.0.0.1:4443"},
         {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
        body};
    if (with_signature) sign(request, key, "sts", "eu-west-1", kNow);
    return answer_request(state, request, kNow);
  }
  /// The upgrade request of a stream URL.
  int upgrade(const std::string& url, bool with_signature = true) {
    auto target = url.substr(url.find("/v1/"));
    // Signed in canonical form: the query sorted.
    const auto mark = target.find("?role=publish_subscribe&cell-number=");
    if (mark != std::string::npos) {
      target =
          target.substr(0, mark) + "?" + target.substr(mark + 24) + "&role=publish_subscribe";
    }
    wire::HttpRequest request{"GET", target, {{"Host", "127.0.0.1:4443"}}, ""};
    if (with_signature) sign(request, key, "ssmmessages", "eu-west-1", kNow);
    return answer_upgrade(state, request, kNow).status;
  }
  static std::string cell(const std::string& url) {
    return url.substr(url.find("cell-number=") + 12);
  }

  ServiceState state;
  TestKey key;
  std::string message;

 private:
  std::mt19937 numbers_{1};  // NOLINT: the same in every run
};

TEST_F(ServiceTest, StartsASession) {
  const auto answer = start();
  const auto id = find_string(answer, "SessionId");
  EXPECT_TRUE(id.starts_with("lab-")) << id;
  EXPECT_TRUE(find_string(answer, "StreamUrl")
                  .starts_with("wss://127.0.0.1:4443/v1/data-channel/" + id +
                               "?role=publish_subscribe&cell-number="));
  EXPECT_FALSE(find_string(answer, "TokenValue").empty());
  const auto* session = state.find_session(id);
  ASSERT_NE(session, nullptr);
  EXPECT_EQ(session->port(), "22");
  EXPECT_EQ(session->target, kInstance);
  const auto events = state.take_events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].session_id, id);
}

TEST_F(ServiceTest, ATokenOpensOneConnection) {
  const auto answer = start();
  const auto id = find_string(answer, "SessionId");
  const auto token = find_string(answer, "TokenValue");
  const auto cell_number = cell(find_string(answer, "StreamUrl"));
  EXPECT_FALSE(state.take_client_token(id, token + "x", cell_number));
  EXPECT_FALSE(state.take_client_token(id, "", cell_number));
  EXPECT_FALSE(state.take_client_token(id, token, "other"));
  EXPECT_FALSE(state.take_client_token("lab-other", token, cell_number));
  EXPECT_TRUE(state.take_client_token(id, token, cell_number));
  EXPECT_FALSE(state.take_client_token(id, token, cell_number));
}

TEST_F(ServiceTest, ResumeReplacesUrlAndToken) {
  const auto first = start();
  const auto id = find_string(first, "SessionId");
  const auto second = ssm_ok("ResumeSession", R"({"SessionId":")" + id + "\"}");
  EXPECT_EQ(find_string(second, "SessionId"), id);
  const auto old_url = find_string(first, "StreamUrl");
  const auto new_url = find_string(second, "StreamUrl");
  EXPECT_NE(old_url, new_url);
  EXPECT_EQ(upgrade(old_url), 410);
  EXPECT_EQ(upgrade(new_url), 101);
  EXPECT_FALSE(state.take_client_token(id, find_string(first, "TokenValue"), cell(old_url)));
  EXPECT_FALSE(state.take_client_token(id, find_string(first, "TokenValue"), cell(new_url)));
  EXPECT_TRUE(state.take_client_token(id, find_string(second, "TokenValue"), cell(new_url)));
}

TEST_F(ServiceTest, TerminateEndsTheSessionForGood) {
  const auto answer = start();
  const auto id = find_string(answer, "SessionId");
  ssm_ok("TerminateSession", R"({"SessionId":")" + id + "\"}");
  EXPECT_EQ(state.find_session(id)->state, SessionState::kTerminated);
  EXPECT_EQ(upgrade(find_string(answer, "StreamUrl")), 410);
  EXPECT_FALSE(state.take_client_token(id, find_string(answer, "TokenValue"),
                                       cell(find_string(answer, "StreamUrl"))));
  EXPECT_EQ(
      find_string(ssm_ok("ResumeSession", R"({"SessionId":")" + id + "\"}"), "TokenValue"), "");
  ssm_ok("TerminateSession", R"({"SessionId":")" + id + "\"}");
  EXPECT_EQ(ssm_error("ResumeSession", R"({"SessionId":"lab-none"})"), "DoesNotExistException");
  bool recorded = false;
  for (const auto& entry : state.take_audit()) {
    recorded |=
        entry.action == "ssm:TerminateSession" && entry.session == id && entry.result == "ok" &&
        entry.principal == "arn:aws:iam::123456789012:user/lab" && entry.target == kInstance;
  }
  EXPECT_TRUE(recorded);
}

TEST_F(ServiceTest, RefusesWhatCannotStart) {
  EXPECT_EQ(ssm_error("StartSession", R"({"Target":"i-0ffffffffffffffff"})"),
            "TargetNotConnected");
  EXPECT_EQ(message, "i-0ffffffffffffffff is not connected.");
  EXPECT_EQ(ssm_error("StartSession", R"({"Target":"i-00000000000000009"})"),
            "TargetNotConnected");
  EXPECT_EQ(
      ssm_error("StartSession", R"({"Target":"i-00000000000000001","DocumentName":"Nope"})"),
      "InvalidDocument");
  EXPECT_EQ(ssm_error("StartSession", "{}"), "ValidationException");
  EXPECT_EQ(ssm_error("StartSession", "not json"), "SerializationException");
  EXPECT_EQ(ssm_error("Nonsense", "{}"), "UnknownOperationException");
  const std::string begin =
      R"({"Target":"i-00000000000000001","DocumentName":"AWS-StartSSHSession","Parameters":)";
  for (const char* parameters :
       {R"({"portNumber":["0"]})", R"({"portNumber":["65536"]})", R"({"portNumber":["22x"]})",
        R"({"portNumber":[]})", R"({"portNumber":["1","2"]})", R"({"host":["db"]})",
        R"({"localPortNumber":["22"]})"}) {
    EXPECT_EQ(ssm_error("StartSession", begin + parameters + "}"), "ValidationException")
        << parameters;
  }
  EXPECT_EQ(ssm_error("StartSession", begin + R"({"portNumber":"22"}})"),
            "SerializationException");
  EXPECT_EQ(ssm_error("StartSession",
                      R"({"Target":"i-00000000000000001",)"
                      R"("DocumentName":"AWS-StartPortForwardingSessionToRemoteHost"})"),
            "ValidationException");
  EXPECT_TRUE(state.take_events().empty());
}

TEST_F(ServiceTest, KnowsTheDocumentsOfShells) {
  const auto body = [](const char* document, const char* parameters) {
    return std::string(R"({"Target":"i-00000000000000001","DocumentName":")") + document +
           R"(","Parameters":)" + parameters + "}";
  };
  ssm_ok("StartSession", R"({"Target":"i-00000000000000001"})");
  for (const auto& [document, parameters] :
       {std::pair("SSM-SessionManagerRunShell", "{}"),
        std::pair("AWS-StartInteractiveCommand", R"({"command":["top"]})"),
        std::pair("AWS-StartNonInteractiveCommand", R"({"command":["id"]})"),
        std::pair("AWS-StartNonInteractiveCommand",
                  R"({"command":["id"],"separateOutputStream":["True"]})")}) {
    EXPECT_NE(find_string(ssm_ok("StartSession", body(document, parameters)), "SessionId"), "")
        << document;
  }
  for (const auto& [document, parameters] :
       {std::pair("SSM-SessionManagerRunShell", R"({"command":["id"]})"),
        std::pair("AWS-StartInteractiveCommand", "{}"),
        std::pair("AWS-StartInteractiveCommand", R"({"command":[]})"),
        std::pair("AWS-StartInteractiveCommand", R"({"command":["a","b"]})"),
        std::pair("AWS-StartInteractiveCommand",
                  R"({"command":["a"],"separateOutputStream":["True"]})"),
        std::pair("AWS-StartNonInteractiveCommand",
                  R"({"command":["a"],"separateOutputStream":["maybe"]})"),
        std::pair("AWS-StartNonInteractiveCommand", R"({"portNumber":["22"]})")}) {
    EXPECT_EQ(ssm_error("StartSession", body(document, parameters)), "ValidationException")
        << document << parameters;
  }
}

TEST_F(ServiceTest, DeniesInAwsWords) {
  state.faults.deny = {"ssm:StartSession"};
  EXPECT_EQ(ssm_error("StartSession", R"({"Target":"i-00000000000000001"})"),
            "AccessDeniedException");
  EXPECT_EQ(
      message,
      "User: arn:aws:iam::123456789012:user/lab is not authorized to perform: ssm:StartSession "
      "on "
      "resource: arn:aws:ec2:eu-west-1:123456789012:instance/i-00000000000000001 because no "
      "identity-based policy allows the ssm:StartSession action");
  state.faults.deny = {"StartSession"};
  EXPECT_EQ(ssm_error("StartSession", R"({"Target":"i-00000000000000001"})"),
            "AccessDeniedException");
  state.faults.deny = {"ssmmessages:OpenDataChannel"};
  EXPECT_EQ(upgrade(find_string(start(), "StreamUrl")), 403);
}

TEST_F(ServiceTest, ThrottlesTheFirstCalls) {
  state.faults.throttle = 2;
  EXPECT_EQ(ssm_error("StartSession", R"({"Target":"i-00000000000000001"})"),
            "ThrottlingException");
  EXPECT_EQ(ssm_error("StartSession", R"({"Target":"i-00000000000000001"})"),
            "ThrottlingException");
  start();
}

TEST_F(ServiceTest, NamesFailedSignaturesAsEachServiceDoes) {
  state.faults.expired = true;
  EXPECT_EQ(ssm_error("StartSession", "{}"), "ExpiredTokenException");
  EXPECT_NE(
      sts("Action=GetCallerIdentity&Version=2011-06-15").body.find("<Code>ExpiredToken</Code>"),
      std::string::npos);
  state.faults.expired = false;
  const auto good = key;
  key.secret = "guess";
  EXPECT_EQ(ssm_error("StartSession", "{}"), "InvalidSignatureException");
  const auto mismatch = sts("Action=GetCallerIdentity&Version=2011-06-15");
  EXPECT_EQ(mismatch.status, 403);
  EXPECT_NE(mismatch.body.find("<Code>SignatureDoesNotMatch</Code>"), std::string::npos);
  key.id = "AKIAUNKNOWN";
  EXPECT_EQ(ssm_error("StartSession", "{}"), "UnrecognizedClientException");
  EXPECT_NE(sts("Action=GetCallerIdentity").body.find("<Code>InvalidClientTokenId</Code>"),
            std::string::npos);
  EXPECT_NE(sts("Action=GetCallerIdentity", false)
                .body.find("<Code>MissingAuthenticationToken</Code>"),
            std::string::npos);
  key = good;
}

TEST_F(ServiceTest, AnUnsignedOrStrangeWebsocketIsRefused) {
  const auto url = find_string(start(), "StreamUrl");
  EXPECT_EQ(upgrade(url, false), 403);
  EXPECT_EQ(upgrade(url), 101);
  EXPECT_EQ(upgrade(url + "0"), 410);
  EXPECT_EQ(upgrade(url.substr(0, url.find("&cell"))), 410);
  EXPECT_EQ(upgrade("/v1/data-channel/lab-none?cell-number=AAE&role=publish_subscribe"), 404);
  EXPECT_EQ(upgrade("/v1/nothing?role=publish_subscribe"), 404);
  const auto good = key;
  key.secret = "guess";
  EXPECT_EQ(upgrade(url), 403);
  key = good;
}

TEST_F(ServiceTest, ASignedStreamUrlNeedsNoOtherSignature) {
  state.stream_key = key.id;
  const auto url = find_string(start(), "StreamUrl");
  EXPECT_EQ(upgrade(url, false), 101);
  auto changed = url;
  changed.back() = changed.back() == '0' ? '1' : '0';
  EXPECT_EQ(upgrade(changed, false), 403);
}

// A client may send what the URL says as its Host header: it must be what was signed.
TEST_F(ServiceTest, AStreamUrlOnPort443NamesNoPort) {
  state.endpoint = {.host = "ssmmessages.eu-west-1.amazonaws.com"};
  EXPECT_TRUE(find_string(start(), "StreamUrl")
                  .starts_with("wss://ssmmessages.eu-west-1.amazonaws.com/v1/data-channel/"));
}

TEST_F(ServiceTest, AnAgentGetsTokensOfItsOwn) {
  const auto id = find_string(start(), "SessionId");
  wire::HttpRequest request{
      "POST", "/v1/data-channel/" + id, {{"Host", "127.0.0.1:4443"}}, "{}"};
  auto plain = request;
  sign(request, key, "ssmmessages", "eu-west-1", kNow);
  const auto answer = answer_request(state, request, kNow);
  EXPECT_EQ(answer.status, 201);
  const auto from = answer.body.find("<TokenValue>") + 12;
  const auto token = answer.body.substr(from, answer.body.find("</TokenValue>") - from);
  EXPECT_EQ(upgrade("/v1/data-channel/" + id + "?role=publish_subscribe"), 101);
  EXPECT_FALSE(state.take_agent_token(id, "guess"));
  EXPECT_TRUE(state.take_agent_token(id, token));
  EXPECT_FALSE(state.take_agent_token(id, token));
  EXPECT_EQ(answer_request(state, plain, kNow).status, 403);
}

TEST_F(ServiceTest, ListsInstances) {
  const auto all = ssm_ok("DescribeInstanceInformation", "{}");
  ASSERT_EQ(find_array(all, "InstanceInformationList")->size(), 2u);
  const auto one =
      ssm_ok("DescribeInstanceInformation",
             R"({"Filters":[{"Key":"InstanceIds","Values":["i-00000000000000009"]}]})");
  ASSERT_EQ(find_array(one, "InstanceInformationList")->size(), 1u);
  const auto& offline = find_array(one, "InstanceInformationList")->front().as_object();
  EXPECT_EQ(find_string(offline, "PingStatus"), "ConnectionLost");
  EXPECT_EQ(offline.at("LastPingDateTime").as_int64(), kNow - 7200);
  EXPECT_EQ(
      ssm_error("DescribeInstanceInformation", R"({"Filters":[{"Key":"Hue","Values":["x"]}]})"),
      "InvalidFilterKey");
  EXPECT_EQ(ssm_error("DescribeInstanceInformation", R"({"MaxResults":4})"),
            "ValidationException");
}

TEST_F(ServiceTest, PagesWithoutLossOrRepetition) {
  for (int i = 10; i < 22; ++i)
    state.add_instance({.id = "i-000000000000000" + std::to_string(i)});
  std::vector<std::string> seen;
  std::string token;
  do {
    const auto page =
        ssm_ok("DescribeInstanceInformation",
               token.empty() ? R"({"MaxResults":5})"
                             : R"({"MaxResults":5,"NextToken":")" + token + "\"}");
    const auto* list = find_array(page, "InstanceInformationList");
    ASSERT_LE(list->size(), 5u);
    for (const auto& item : *list) seen.push_back(find_string(item.as_object(), "InstanceId"));
    token = find_string(page, "NextToken");
  } while (!token.empty());
  EXPECT_EQ(seen.size(), 14u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
}

TEST_F(ServiceTest, ListsSessionsByState) {
  const auto id = find_string(start(), "SessionId");
  start();
  ssm_ok("TerminateSession", R"({"SessionId":")" + id + "\"}");
  EXPECT_EQ(find_array(ssm_ok("DescribeSessions", R"({"State":"Active"})"), "Sessions")->size(),
            1u);
  const auto history = ssm_ok("DescribeSessions", R"({"State":"History"})");
  ASSERT_EQ(find_array(history, "Sessions")->size(), 1u);
  EXPECT_EQ(find_string(find_array(history, "Sessions")->front().as_object(), "Status"),
            "Terminated");
  EXPECT_EQ(ssm_error("DescribeSessions", "{}"), "ValidationException");
}

std::string element(const std::string& xml, const std::string& name) {
  const auto from = xml.find("<" + name + ">") + name.size() + 2;
  return xml.substr(from, xml.find("</" + name + ">") - from);
}

TEST_F(ServiceTest, StsKnowsTheCaller) {
  const auto answer = sts("Action=GetCallerIdentity&Version=2011-06-15");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(element(answer.body, "Arn"), "arn:aws:iam::123456789012:user/lab");
  EXPECT_EQ(element(answer.body, "Account"), "123456789012");
  EXPECT_NE(sts("Action=Nonsense").body.find("<Code>InvalidAction</Code>"), std::string::npos);
}

TEST_F(ServiceTest, AssumedRolesSignAndExpire) {
  const auto answer =
      sts("Action=AssumeRole&Version=2011-06-15&DurationSeconds=900"
          "&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fops&RoleSessionName=ada");
  ASSERT_EQ(answer.status, 200) << answer.body;
  key = {element(answer.body, "AccessKeyId"), element(answer.body, "SecretAccessKey"),
         element(answer.body, "SessionToken")};
  EXPECT_EQ(element(sts("Action=GetCallerIdentity").body, "Arn"),
            "arn:aws:sts::123456789012:assumed-role/ops/ada");
  EXPECT_TRUE(find_string(start(), "SessionId").starts_with("ada-"));
  EXPECT_EQ(state.find_key(key.id)->expires_unix_s, kNow + 900);
}

TEST_F(ServiceTest, RefusesRolesThatCannotBe) {
  for (const char* body :
       {"RoleArn=arn:aws:iam::999999999999:role/ops&RoleSessionName=ada",
        "RoleArn=arn:aws:iam::123456789012:role/&RoleSessionName=ada",
        "RoleArn=arn:aws:iam::123456789012:role/ops&RoleSessionName=a",
        "RoleArn=arn:aws:iam::123456789012:role/ops&RoleSessionName=a%20b",
        "RoleArn=arn:aws:iam::123456789012:role/ops&RoleSessionName=ada&DurationSeconds=899",
        "RoleArn=arn:aws:iam::123456789012:role/"
        "ops&RoleSessionName=ada&DurationSeconds=43201"}) {
    EXPECT_EQ(sts("Action=AssumeRole&" + std::string(body)).status, 400) << body;
  }
  state.faults.deny = {"sts:AssumeRole"};
  EXPECT_EQ(
      sts("Action=AssumeRole&RoleArn=arn:aws:iam::123456789012:role/ops&RoleSessionName=ada")
          .status,
      403);
}

TEST_F(ServiceTest, WebIdentityNeedsTheLabsToken) {
  state.web_identity_token = Secret("header.claims.signature");
  const std::string role =
      "Action=AssumeRoleWithWebIdentity&RoleArn=arn:aws:iam::123456789012:role/"
      "ci&RoleSessionName=job"
      "&WebIdentityToken=";
  EXPECT_EQ(sts(role + "header.claims.other", false).status, 400);
  EXPECT_EQ(sts(role, false).status, 400);
  const auto answer = sts(role + "header.claims.signature", false);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(element(answer.body, "Arn"), "arn:aws:sts::123456789012:assumed-role/ci/job");
  state.web_identity_token = Secret();
  EXPECT_EQ(sts(role, false).status, 400);
}

TEST_F(ServiceTest, KeepsABoundedHistory) {
  std::string first;
  for (std::size_t i = 0; i <= ServiceState::kMaxHistory; ++i) {
    const auto id =
        state.start_session(*state.find_principal(key.id), {.target = kInstance}, kNow).id;
    if (i == 0) first = id;
    state.end_session(id, kNow);
  }
  EXPECT_EQ(state.sessions().size(), ServiceState::kMaxHistory);
  EXPECT_EQ(state.find_session(first), nullptr);
}

TEST(AuditEntry, IsOneJsonLine) {
  const auto line =
      serialize_audit_entry({kNow, "arn", "ssm:StartSession", "i-1", "s\n", "ok"});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_NE(line.find("\"time\":\"2026-11-22T"), std::string::npos) << line;
}

}  // namespace
}  // namespace passport::lab
