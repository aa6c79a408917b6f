#include "aws/service_client.h"

#include "aws/kms.h"
#include "aws/ssm.h"
#include "aws/sts.h"
#include "tests/aws/fake_world.h"
#include "wire/aws/sigv4.h"

namespace passport::aws {
namespace {

using namespace std::chrono_literals;

const char kSession[] =
    R"({"SessionId":"dev-0a1b","StreamUrl":"wss://ssmmessages.eu-west-1.amazonaws.com/v1/data-channel/dev-0a1b?role=x","TokenValue":"canary"})";

class Calls : public ::testing::Test {
 protected:
  Calls() {
    world_.variables["AWS_REGION"] = "eu-west-1";
    connect();
  }
  void connect() {
    client_.emplace(world_.world(), *world_.load(),
                    [this](Renew renew, net::Deadline) -> net::Task<Result<Credentials>> {
                      if (renew == Renew::kYes) ++renewals_;
                      if (key_fault_) co_return *key_fault_;
                      Credentials out;
                      out.key = {"AKIA" + std::to_string(renewals_), Secret("canary-secret"),
                                 Secret("canary-token")};
                      out.source = "profile \"dev\"";
                      co_return out;
                    });
  }
  Answer<Session> start(net::Deadline deadline = soon()) {
    Ssm ssm(*client_);
    StartSessionRequest request;
    request.target = "i-0123456789abcdef0";
    request.document_name = "AWS-StartSSHSession";
    request.parameters["portNumber"] = {"22"};
    return world_.run(ssm.start_session(std::move(request), deadline));
  }
  /// A call without patience for throttling.
  Answer<Session> resume(net::Deadline deadline = soon()) {
    Ssm ssm(*client_);
    return world_.run(ssm.resume_session("dev-0a1b", deadline));
  }
  void refuse(int status, const std::string& code, const std::string& message = "why",
              wire::HttpHeaders headers = {}) {
    world_.answer(status, R"({"__type":")" + code + R"(","message":")" + message + "\"}",
                  std::move(headers));
  }
  std::string_view sent_header(std::size_t at, std::string_view name) {
    return wire::find_header(world_.sent.at(at).request.headers, name);
  }
  FakeWorld world_;
  int renewals_ = 0;
  std::optional<Error> key_fault_;
  std::optional<ServiceClient> client_;
};

TEST_F(Calls, StartSessionIsSignedAndRead) {
  world_.answer(200, kSession);
  const auto session = start();
  ASSERT_TRUE(session) << session.error().detail;
  EXPECT_EQ(session.service_code(), "");
  EXPECT_EQ(session->session_id, "dev-0a1b");
  const auto& sent = world_.sent.at(0);
  EXPECT_EQ(sent.endpoint.url(), "https://ssm.eu-west-1.amazonaws.com");
  EXPECT_EQ(sent.request.target, "/");
  EXPECT_EQ(sent_header(0, "X-Amz-Target"), "AmazonSSM.StartSession");
  EXPECT_EQ(sent_header(0, "X-Amz-Date"), "20150830T123600Z");
  EXPECT_EQ(sent_header(0, "X-Amz-Security-Token"), "canary-token");
  EXPECT_TRUE(
      sent_header(0, "Authorization")
          .starts_with("AWS4-HMAC-SHA256 Credential=AKIA0/20150830/eu-west-1/ssm/aws4_request, "
                       "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;"
                       "x-amz-target, Signature="));
  EXPECT_LE(sent.deadline, net::deadline_in(ServiceClient::kAttemptTime));
}

TEST_F(Calls, AnEndpointsPathIsPartOfWhatIsSignedAndSent) {
  world_.variables["AWS_ENDPOINT_URL_SSM"] = "https://proxy.example:8443/ssm/";
  connect();
  world_.answer(200, kSession);
  ASSERT_TRUE(start());
  const auto& sent = world_.sent.at(0);
  EXPECT_EQ(sent.endpoint.url(), "https://proxy.example:8443");
  EXPECT_EQ(sent.request.target, "/ssm/");
  auto again = sent.request;
  wire::aws::sign(again, sent.endpoint,
                  {"AKIA0", Secret("canary-secret"), Secret("canary-token")},
                  {.region = "eu-west-1", .service = "ssm", .time = world_.now});
  EXPECT_EQ(again.headers, sent.request.headers);
}

TEST_F(Calls, WhatMayPassIsTriedAgainAfterARandomPartOfADoublingTime) {
  world_.variables["AWS_MAX_ATTEMPTS"] = "8";
  connect();
  world_.fail(Errc::kUnavailable);
  refuse(400, "ThrottlingException");
  world_.answer(503, "");
  world_.fail(Errc::kTimeout);
  world_.answer(500, "<html>");
  world_.answer(429, "");
  world_.answer(200, kSession);
  ASSERT_TRUE(resume(net::deadline_in(10min)));
  EXPECT_EQ(world_.slept,
            (std::vector<std::chrono::milliseconds>{250ms, 500ms, 1s, 2s, 4s, 8s}));
}

TEST_F(Calls, TheLongestDelayHasABound) {
  world_.variables["AWS_MAX_ATTEMPTS"] = "20";
  connect();
  world_.jitter = 0.999;
  EXPECT_FALSE(start(net::deadline_in(24h)));
  EXPECT_EQ(world_.sent.size(), 20U);
  for (const auto delay : world_.slept) EXPECT_LT(delay, ServiceClient::kLongestDelay);
  EXPECT_GT(world_.slept.back(), 19s);
}

TEST_F(Calls, AttemptsEndAndTheLastFailureIsTold) {
  for (int i = 0; i < 3; ++i) refuse(400, "ThrottlingException", "Rate exceeded");
  const auto session = resume();
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, Errc::kThrottled);
  EXPECT_EQ(session.error().detail, "aws: ThrottlingException: Rate exceeded");
  EXPECT_EQ(session.error().hint, "tried 3 times; try again in a minute");
  EXPECT_EQ(session.service_code(), "ThrottlingException");
  EXPECT_EQ(world_.sent.size(), 3U);

  world_.sent.clear();
  const auto broken = resume();
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().detail, "connection refused");
  EXPECT_EQ(broken.service_code(), "");
  EXPECT_EQ(world_.sent.size(), 3U);
}

TEST_F(Calls, StartSessionIsPatientWithThrottlingAlone) {
  constexpr int kTimes = 30;
  for (int i = 0; i < kTimes; ++i) refuse(400, "ThrottlingException", "Rate exceeded");
  world_.fail(Errc::kUnavailable);
  world_.answer(429, "");
  world_.fail(Errc::kUnavailable);
  world_.answer(200, kSession);
  int told = 0;
  Ssm ssm(*client_);
  StartSessionRequest request;
  request.target = "i-0123456789abcdef0";
  ASSERT_TRUE(world_.run(ssm.start_session(request, soon(), [&] { ++told; })));
  EXPECT_EQ(told, kTimes + 1);

  world_.sent.clear();
  for (int i = 0; i < 3; ++i) world_.fail(Errc::kUnavailable);
  EXPECT_FALSE(start());
  EXPECT_EQ(world_.sent.size(), 3U);
}

TEST_F(Calls, NoDelayGoesBeyondTheDeadline) {
  world_.jitter = 0.9;
  world_.fail(Errc::kUnavailable);
  EXPECT_FALSE(start(net::deadline_in(400ms)));
  EXPECT_EQ(world_.sent.size(), 1U);
  EXPECT_TRUE(world_.slept.empty());
}

TEST_F(Calls, WhatCannotPassIsNotTriedAgain) {
  world_.fail(Errc::kProtocol);
  EXPECT_EQ(start().error().code, Errc::kProtocol);
  refuse(400, "ValidationException");
  EXPECT_EQ(start().error().code, Errc::kConfig);
  EXPECT_EQ(world_.sent.size(), 2U);
}

TEST_F(Calls, StaleCredentialsAreRenewedOnce) {
  for (const auto* code : {"ExpiredTokenException", "UnrecognizedClientException"}) {
    world_.sent.clear();
    renewals_ = 0;
    refuse(400, code);
    world_.answer(200, kSession);
    ASSERT_TRUE(start()) << code;
    EXPECT_EQ(renewals_, 1);
    EXPECT_NE(sent_header(1, "Authorization").find("AKIA1/"), std::string_view::npos);
  }
  world_.sent.clear();
  refuse(400, "ExpiredTokenException", "The security token included in the request is expired");
  refuse(400, "ExpiredTokenException", "The security token included in the request is expired");
  const auto session = start();
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, Errc::kExpired);
  EXPECT_EQ(
      session.error().detail,
      "aws: ExpiredTokenException: The security token included in the request is expired");
  EXPECT_NE(session.error().hint.find("profile \"dev\""), std::string::npos);
  EXPECT_EQ(world_.sent.size(), 2U);
  EXPECT_TRUE(world_.slept.empty());
}

TEST_F(Calls, TheServicesClockIsBelievedOnceAndRemembered) {
  const wire::HttpHeaders date = {{"Date", "Sun, 30 Aug 2015 13:36:00 GMT"}};
  refuse(403, "InvalidSignatureException", "Signature expired: 20150830T123600Z is now earlier",
         date);
  world_.answer(200, kSession);
  ASSERT_TRUE(start());
  EXPECT_EQ(sent_header(0, "X-Amz-Date"), "20150830T123600Z");
  EXPECT_EQ(sent_header(1, "X-Amz-Date"), "20150830T133600Z");
  EXPECT_EQ(client_->now(), world_.now + 1h);

  refuse(403, "RequestTimeTooSkewed", "too far", date);
  refuse(403, "RequestTimeTooSkewed", "too far", date);
  const auto session = start();
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, Errc::kConfig);
  EXPECT_EQ(session.error().hint, "set this machine's clock");
  EXPECT_EQ(world_.sent.size(), 4U);

  refuse(403, "RequestTimeTooSkewed", "no date");
  EXPECT_FALSE(start());
  EXPECT_EQ(world_.sent.size(), 5U);
}

TEST_F(Calls, AFaultOfTheCredentialsIsTheCalls) {
  key_fault_ = Error{Errc::kDenied, "no AWS credentials found"};
  EXPECT_EQ(start().error().detail, "no AWS credentials found");
  EXPECT_TRUE(world_.sent.empty());
}

TEST_F(Calls, RefusalsInWords) {
  struct Row {
    const char* code;
    Errc errc;
    const char* hint;
  };
  const Row rows[] = {
      {"AccessDeniedException", Errc::kDenied,
       "the policy of the credentials from profile \"dev\" must allow ssm:StartSession on "
       "i-0123456789abcdef0"},
      {"TargetNotConnected", Errc::kUnavailable,
       "is the instance running in eu-west-1, with an SSM agent that is online and allowed to "
       "connect?"},
      {"InvalidTarget", Errc::kNotFound, "there is none such in eu-west-1 for this account"},
      {"InvalidInstanceId", Errc::kNotFound,
       "there is none such in eu-west-1 for this account"},
      {"InvalidDocument", Errc::kConfig,
       "the document must exist in eu-west-1 and be of type Session"},
      {"InvalidSignatureException", Errc::kDenied,
       "the secret access key from profile \"dev\" does not fit its id"},
      {"SomethingNew", Errc::kUnavailable, ""},
  };
  for (const auto& row : rows) {
    refuse(400, row.code);
    const auto session = start();
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().code, row.errc) << row.code;
    EXPECT_EQ(session.error().detail, std::string("aws: ") + row.code + ": why");
    EXPECT_EQ(session.error().hint, row.hint);
    EXPECT_EQ(session.service_code(), row.code);
  }
  refuse(403, "UnrecognizedClientException");
  refuse(403, "UnrecognizedClientException");
  const auto unknown = start();
  EXPECT_EQ(unknown.error().code, Errc::kDenied);
  EXPECT_NE(unknown.error().hint.find("does not know the access key from profile \"dev\""),
            std::string::npos);
}

TEST_F(Calls, AnAnswerThatIsNoErrorOfAwsIsToldByItsStatus) {
  world_.answer(407, "<html>Proxy</html>");
  EXPECT_EQ(start().error().detail, "ssm.eu-west-1.amazonaws.com answered 407");
  world_.answer(400, R"({"message":"m"})");
  EXPECT_EQ(start().error().detail, "ssm.eu-west-1.amazonaws.com answered 400: aws: m");
  world_.answer(400, R"({"__type":"X"})");
  EXPECT_EQ(start().error().detail, "aws: X");
}

TEST_F(Calls, AwssWordsAreEscapedCutAndFreeOfSecrets) {
  refuse(400, R"(Bad\u001b]0;x)", R"(a\nb\u202e)" + std::string(5000, 'y'));
  auto session = start();
  EXPECT_TRUE(
      session.error().detail.starts_with("aws: Bad\\x1b]0;x: a\\x0ab\\xe2\\x80\\xaeyyy"))
      << session.error().detail;
  EXPECT_LT(session.error().detail.size(), 800U);

  refuse(
      403, "SignatureDoesNotMatch",
      R"(The signature does not match.\n\nThe Canonical String should have been\nx-amz-security-token:canary-token\n)");
  session = start();
  EXPECT_EQ(session.error().detail,
            "aws: SignatureDoesNotMatch: The signature does not match.");
  refuse(400, "SomethingNew", "your token canary-token and canary-secret and canary-token");
  session = start();
  EXPECT_EQ(session.error().detail,
            "aws: SomethingNew: your token [hidden] and [hidden] and [hidden]");
  world_.answer(200, R"({"SessionId":"a/b","TokenValue":"canary"})");
  session = start();
  EXPECT_EQ(session.error().code, Errc::kProtocol);
  expect_no_secret(session.error());
}

TEST_F(Calls, ResumeAndTerminate) {
  Ssm ssm(*client_);
  world_.answer(200, kSession);
  EXPECT_TRUE(world_.run(ssm.resume_session("dev-0a1b", soon())));
  EXPECT_EQ(sent_header(0, "X-Amz-Target"), "AmazonSSM.ResumeSession");
  EXPECT_EQ(world_.sent[0].request.body, R"({"SessionId":"dev-0a1b"})");
  world_.answer(200, kSession);
  const auto other = world_.run(ssm.resume_session("dev-ffff", soon()));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().detail, "ResumeSession: answer for another session");
  refuse(400, "DoesNotExistException", "gone");
  const auto gone = world_.run(ssm.resume_session("dev-0a1b", soon()));
  EXPECT_EQ(gone.error().code, Errc::kNotFound);
  EXPECT_EQ(gone.service_code(), "DoesNotExistException");

  world_.answer(200, "{}");
  EXPECT_TRUE(world_.run(ssm.terminate_session("dev-0a1b", soon())));
  EXPECT_EQ(sent_header(3, "X-Amz-Target"), "AmazonSSM.TerminateSession");
  refuse(400, "AccessDeniedException", "no");
  const auto denied = world_.run(ssm.terminate_session("dev-0a1b", soon()));
  EXPECT_EQ(denied.error().code, Errc::kDenied);
  EXPECT_EQ(denied.service_code(), "AccessDeniedException");
}

TEST_F(Calls, DescribeInstance) {
  Ssm ssm(*client_);
  const auto describe = [&] { return world_.run(ssm.describe_instance("i-1", soon())); };
  world_.answer(200,
                R"({"InstanceInformationList":[{"InstanceId":"i-1","PingStatus":"Online"}]})");
  EXPECT_EQ(describe()->value().ping_status, "Online");
  world_.answer(200, R"({"InstanceInformationList":[{"InstanceId":"i-2"}]})");
  EXPECT_FALSE(describe()->has_value());
  world_.answer(200, "{}");
  EXPECT_EQ(describe().error().code, Errc::kProtocol);
  refuse(400, "AccessDeniedException");
  EXPECT_EQ(describe().service_code(), "AccessDeniedException");
}

TEST_F(Calls, RunCommand) {
  const std::string id = "11111111-2222-3333-4444-55555555abcd";
  const auto invocation = R"({"CommandId":")" + id +
                          R"(","InstanceId":"i-0123456789abcdef0","Status":"InProgress"})";
  Ssm ssm(*client_);
  const auto send = [&] {
    return world_.run(ssm.send_command(
        wire::aws::make_shell_command({"i-0123456789abcdef0"}, "true", 60s), soon()));
  };
  refuse(400, "ThrottlingException");
  world_.answer(200, R"({"Command":{"CommandId":")" + id + "\"}}");
  EXPECT_EQ(send().value(), id);
  EXPECT_EQ(sent_header(1, "X-Amz-Target"), "AmazonSSM.SendCommand");
  world_.answer(200, R"({"CommandInvocations":[)" + invocation + "]}");
  const auto page = world_.run(ssm.list_command_invocations(id, "", soon()));
  EXPECT_EQ(page->invocations.at(0).command_id, id);
  world_.answer(200, invocation);
  EXPECT_TRUE(world_.run(ssm.get_command_invocation(id, "i-0123456789abcdef0", soon())));
  refuse(400, "InvocationDoesNotExist");
  EXPECT_EQ(world_.run(ssm.get_command_invocation(id, "i-1", soon())).error().code,
            Errc::kNotFound);
  world_.answer(200, "{}");
  EXPECT_TRUE(world_.run(ssm.cancel_command(id, {}, soon())));
  EXPECT_EQ(sent_header(5, "X-Amz-Target"), "AmazonSSM.CancelCommand");
  world_.answer(200, "{}");
  EXPECT_EQ(send().error().detail, "SendCommand: answer without a usable CommandId");
  refuse(400, "InvalidParameters");
  EXPECT_EQ(send().error().code, Errc::kConfig);
}

TEST_F(Calls, TheStreamIsCheckedAndSigned) {
  Ssm ssm(*client_);
  world_.answer(200, kSession);
  auto session = start();
  const auto address = ssm.check_stream(*session);
  ASSERT_TRUE(address) << address.error().detail;
  const auto opening = world_.run(ssm.sign_stream(*address, soon()));
  ASSERT_TRUE(opening);
  EXPECT_EQ(opening->target, "/v1/data-channel/dev-0a1b?role=x");
  EXPECT_NE(
      wire::find_header(opening->headers, "Authorization").find("/ssmmessages/aws4_request"),
      std::string_view::npos);

  session->stream_url = "wss://evil.com/v1/data-channel/dev-0a1b";
  EXPECT_FALSE(ssm.check_stream(*session));
  session->stream_url = "wss://127.0.0.1:9/v1/data-channel/dev-0a1b";
  EXPECT_FALSE(ssm.check_stream(*session));
  world_.variables["AWS_ENDPOINT_URL"] = "https://127.0.0.1:9";
  connect();
  EXPECT_TRUE(ssm.check_stream(*session));

  key_fault_ = Error{Errc::kDenied, "none"};
  auto presigned = *address;
  presigned.target += "&X-Amz-Signature=00";
  const auto as_is = world_.run(ssm.sign_stream(presigned, soon()));
  ASSERT_TRUE(as_is);
  EXPECT_EQ(as_is->target, presigned.target);
  EXPECT_TRUE(as_is->headers.empty());
  EXPECT_FALSE(world_.run(ssm.sign_stream(*address, soon())));
}

TEST_F(Calls, CallerIdentity) {
  Sts sts(*client_);
  world_.answer(
      200,
      "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:a</Arn><UserId>U</UserId>"
      "<Account>1</Account></GetCallerIdentityResult></GetCallerIdentityResponse>");
  EXPECT_EQ(world_.run(sts.get_caller_identity(soon()))->arn, "arn:a");
  EXPECT_EQ(world_.sent.at(0).endpoint.url(), "https://sts.eu-west-1.amazonaws.com");
  world_.answer(200, "<x/>");
  EXPECT_EQ(world_.run(sts.get_caller_identity(soon())).error().detail,
            "GetCallerIdentity: answer without an identity");
}

TEST_F(Calls, DataKeysComeFromKmsOfTheRegion) {
  Kms kms(*client_);
  const auto ask = [&] {
    return world_.run(kms.generate_data_key(
        "alias/k", wire::aws::make_session_context("dev-0a1b", "i-1", "c"), soon()));
  };
  world_.answer(200, R"({"CiphertextBlob":"AQID","KeyId":"arn","Plaintext":")" +
                         std::string(85, 'A') + "Q==\"}");
  const auto key = ask();
  ASSERT_TRUE(key) << key.error().detail;
  EXPECT_EQ(key->ciphertext, "AQID");
  EXPECT_EQ(world_.sent.at(0).endpoint.url(), "https://kms.eu-west-1.amazonaws.com");
  EXPECT_EQ(sent_header(0, "X-Amz-Target"), "TrentService.GenerateDataKey");
  EXPECT_NE(sent_header(0, "Authorization").find("/eu-west-1/kms/aws4_request"),
            std::string_view::npos);
  world_.answer(200, "{}");
  EXPECT_EQ(ask().error().detail,
            "kms:GenerateDataKey on alias/k: answer without a usable Plaintext");

  struct Refusal {
    const char* code;
    Errc kind;
    const char* hint;
  };
  for (const auto& [code, kind, hint] :
       {Refusal{"AccessDeniedException", Errc::kDenied,
                "the policy of the credentials from profile \"dev\" must allow "
                "kms:GenerateDataKey on alias/k"},
        Refusal{"NotFoundException", Errc::kNotFound,
                "there is none such in eu-west-1 for this account"},
        Refusal{"DisabledException", Errc::kConfig,
                "enable the key, or have another set in the Session Manager preferences"}}) {
    refuse(400, code);
    const auto refused = ask();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.service_code(), code);
    EXPECT_EQ(refused.error().code, kind);
    EXPECT_EQ(refused.error().detail,
              "kms:GenerateDataKey on alias/k: aws: " + std::string(code) + ": why");
    EXPECT_EQ(refused.error().hint, hint);
  }
}

}  // namespace
}  // namespace passport::aws
