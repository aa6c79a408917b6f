#include "lab/sigv4_verify.h"

#include <gtest/gtest.h>

#include "tests/lab/signing.h"

namespace passport::lab {
namespace {

constexpr std::int64_t kThen =
    1440938160;  // 20150830T123600Z, the date of the published examples

std::optional<AccessKey> find_example_key(std::string_view id) {
  if (id == "AKIDEXAMPLE") {
    return AccessKey{Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), Secret(), 0};
  }
  if (id == "ASIAEXAMPLE") {
    return AccessKey{Secret("temporary"), Secret("TOKEN/with+chars=="), kThen + 600};
  }
  return std::nullopt;
}

std::variant<std::string, SigV4Failure> verify(const wire::HttpRequest& request,
                                               SigV4Scope scope = {"service", "us-east-1"},
                                               std::int64_t now = kThen) {
  return verify_sigv4(request, scope, find_example_key, now);
}

testing::AssertionResult holds(const std::variant<std::string, SigV4Failure>& verdict) {
  if (std::holds_alternative<std::string>(verdict)) return testing::AssertionSuccess();
  return testing::AssertionFailure() << std::get<SigV4Failure>(verdict).message;
}

testing::AssertionResult fails(const std::variant<std::string, SigV4Failure>& verdict,
                               SigV4Fault fault) {
  if (std::holds_alternative<std::string>(verdict)) {
    return testing::AssertionFailure() << "the signature was taken";
  }
  const auto& failure = std::get<SigV4Failure>(verdict);
  if (failure.fault == fault) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "another fault: " << failure.message;
}

wire::HttpRequest example(std::string method, std::string target, wire::HttpHeaders headers,
                          std::string signed_headers, std::string signature) {
  headers.emplace_back("X-Amz-Date", "20150830T123600Z");
  headers.emplace_back("Authorization",
                       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/"
                       "aws4_request, SignedHeaders=" +
                           signed_headers + ", Signature=" + signature);
  return {std::move(method), std::move(target), std::move(headers), ""};
}

const wire::HttpHeaders kHost = {{"Host", "example.amazonaws.com"}};

// Signatures of AWS's "Signature Version 4 test suite".
TEST(SigV4Verify, TakesThePublishedSuite) {
  EXPECT_TRUE(holds(
      verify(example("GET", "/", kHost, "host;x-amz-date",
                     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"))));
  EXPECT_TRUE(holds(
      verify(example("POST", "/", kHost, "host;x-amz-date",
                     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"))));
  EXPECT_TRUE(holds(
      verify(example("GET", "/?Param2=value2&Param1=value1", kHost, "host;x-amz-date",
                     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"))));
  EXPECT_TRUE(holds(
      verify(example("GET", "/example/..", kHost, "host;x-amz-date",
                     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"))));
  EXPECT_TRUE(holds(
      verify(example("GET", "//", kHost, "host;x-amz-date",
                     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"))));
  auto trimmed = kHost;
  trimmed.emplace_back("My-Header1", " value1");
  trimmed.emplace_back("My-Header2", " \"a   b   c\"");
  EXPECT_TRUE(holds(
      verify(example("GET", "/", trimmed, "host;my-header1;my-header2;x-amz-date",
                     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"))));
}

// The worked example of the IAM User Guide ("Create a signed AWS API request").
wire::HttpRequest list_users() {
  return {"GET",
          "/?Action=ListUsers&Version=2010-05-08",
          {{"Host", "iam.amazonaws.com"},
           {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
           {"X-Amz-Date", "20150830T123600Z"},
           {"Authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date, "
            "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"}},
          ""};
}

TEST(SigV4Verify, TakesTheUserGuidesListUsers) {
  const auto verdict = verify(list_users(), {"iam", "us-east-1"});
  ASSERT_TRUE(holds(verdict));
  EXPECT_EQ(std::get<std::string>(verdict), "AKIDEXAMPLE");
}

// Made with botocore's SigV4QueryAuth.
const std::string kPresigned =
    "/v1/data-channel/lab-0a%20b?role=publish_subscribe&cell-number=AAE%2Fx%3D"
    "&X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Feu-west-1%2Fssmmessages%2Faws4_request"
    "&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host"
    "&X-Amz-Security-Token=TOKEN%2Fwith%2Bchars%3D%3D"
    "&X-Amz-Signature=e2bdc4c6e05fbc838e797d9c705e79598705c6aa4bec3a476dd885f14f7b270d";

std::variant<std::string, SigV4Failure> verify_presigned(std::string target,
                                                         std::int64_t now = kThen) {
  const auto with_token = [](std::string_view) {
    return std::optional(AccessKey{Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                                   Secret("TOKEN/with+chars=="), 0});
  };
  return verify_sigv4({"GET", std::move(target), kHost, ""}, {"ssmmessages", "eu-west-1"},
                      with_token, now);
}

TEST(SigV4Verify, TakesAPresignedQueryForItsTime) {
  EXPECT_TRUE(holds(verify_presigned(kPresigned)));
  EXPECT_TRUE(holds(verify_presigned(kPresigned, kThen + 60)));
  EXPECT_TRUE(fails(verify_presigned(kPresigned, kThen + 61), SigV4Fault::kMismatch));
  EXPECT_TRUE(fails(verify_presigned(kPresigned, kThen - 301), SigV4Fault::kMismatch));
}

TEST(SigV4Verify, RefusesAChangedPresignedQuery) {
  const auto changed = [&](const std::string& from, const std::string& to) {
    auto target = kPresigned;
    const auto at = target.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return verify_presigned(target.replace(at, from.size(), to));
  };
  EXPECT_TRUE(fails(changed("cell-number=AAE", "cell-number=AAF"), SigV4Fault::kMismatch));
  EXPECT_TRUE(fails(changed("lab-0a", "lab-0b"), SigV4Fault::kMismatch));
  EXPECT_TRUE(fails(changed("Expires=60", "Expires=61"), SigV4Fault::kMismatch));
  EXPECT_TRUE(fails(changed("Expires=60", "Expires=604801"), SigV4Fault::kIncomplete));
  EXPECT_TRUE(fails(changed("Expires=60", "Expires=0"), SigV4Fault::kIncomplete));
  EXPECT_TRUE(fails(changed("&X-Amz-Expires=60", ""), SigV4Fault::kIncomplete));
  EXPECT_TRUE(fails(changed("&X-Amz-SignedHeaders=host", "&X-Amz-SignedHeaders=accept"),
                    SigV4Fault::kMismatch));
  EXPECT_TRUE(fails(changed("TOKEN", "TOKEM"), SigV4Fault::kUnknownKey));
  EXPECT_TRUE(fails(changed("d885f14f7b270d", "d885f14f7b270e"), SigV4Fault::kMismatch));
  EXPECT_TRUE(
      fails(changed("X-Amz-Algorithm=AWS4", "X-Amz-Algorithm=AWS5"), SigV4Fault::kIncomplete));
}

TEST(SigV4Verify, RefusesAChangedRequest) {
  const SigV4Scope iam{"iam", "us-east-1"};
  auto request = list_users();
  request.method = "POST";
  EXPECT_TRUE(fails(verify(request, iam), SigV4Fault::kMismatch));
  request = list_users();
  request.target = "/?Action=ListUsers&Version=2010-05-09";
  EXPECT_TRUE(fails(verify(request, iam), SigV4Fault::kMismatch));
  request = list_users();
  request.body = "x";
  EXPECT_TRUE(fails(verify(request, iam), SigV4Fault::kMismatch));
  for (const std::size_t header : {0u, 1u}) {
    request = list_users();
    request.headers[header].second += "x";
    EXPECT_TRUE(fails(verify(request, iam), SigV4Fault::kMismatch)) << header;
  }
  request = list_users();
  request.headers[2].second = "20150830T123601Z";
  EXPECT_TRUE(fails(verify(request, iam), SigV4Fault::kMismatch));
  request = list_users();
  request.headers[3].second.back() = '8';
  EXPECT_TRUE(fails(verify(request, iam), SigV4Fault::kMismatch));
}

TEST(SigV4Verify, ChecksScopeAndClock) {
  EXPECT_TRUE(fails(verify(list_users(), {"ssm", "us-east-1"}), SigV4Fault::kMismatch));
  EXPECT_TRUE(fails(verify(list_users(), {"iam", "eu-west-1"}), SigV4Fault::kMismatch));
  EXPECT_TRUE(holds(verify(list_users(), {"iam", "us-east-1"}, kThen + kMaxClockSkewS)));
  EXPECT_TRUE(holds(verify(list_users(), {"iam", "us-east-1"}, kThen - kMaxClockSkewS)));
  const auto late = verify(list_users(), {"iam", "us-east-1"}, kThen + kMaxClockSkewS + 1);
  ASSERT_TRUE(fails(late, SigV4Fault::kMismatch));
  EXPECT_TRUE(
      std::get<SigV4Failure>(late).message.starts_with("Signature expired: 20150830T123600Z"));
  EXPECT_TRUE(fails(verify(list_users(), {"iam", "us-east-1"}, kThen - kMaxClockSkewS - 1),
                    SigV4Fault::kMismatch));
}

TEST(SigV4Verify, RequiresHostDateAndAmzHeadersToBeSigned) {
  wire::HttpRequest request{
      "POST", "/", {{"Host", "h"}, {"X-Amz-Target", "AmazonSSM.StartSession"}}, "{}"};
  auto good = request;
  sign(good, {}, "service", "us-east-1", kThen);
  EXPECT_TRUE(holds(verify(good)));

  auto unsigned_target = request;
  unsigned_target.headers.pop_back();
  sign(unsigned_target, {}, "service", "us-east-1", kThen);
  EXPECT_TRUE(holds(verify(unsigned_target)));
  unsigned_target.headers.push_back(request.headers[1]);
  EXPECT_TRUE(fails(verify(unsigned_target), SigV4Fault::kMismatch));

  wire::HttpRequest no_host{"GET", "/", {}, ""};
  sign(no_host, {}, "service", "us-east-1", kThen);
  EXPECT_TRUE(fails(verify(no_host), SigV4Fault::kMismatch));
}

TEST(SigV4Verify, KnowsTemporaryCredentials) {
  const TestKey key{"ASIAEXAMPLE", "temporary", "TOKEN/with+chars=="};
  const auto signed_with = [&](TestKey k, std::int64_t at) {
    wire::HttpRequest request{"GET", "/", kHost, ""};
    sign(request, k, "service", "us-east-1", at);
    return verify(request, {"service", "us-east-1"}, at);
  };
  EXPECT_TRUE(holds(signed_with(key, kThen)));
  EXPECT_TRUE(fails(signed_with(key, kThen + 600), SigV4Fault::kExpired));
  auto other = key;
  other.session_token = "another";
  EXPECT_TRUE(fails(signed_with(other, kThen), SigV4Fault::kUnknownKey));
  other.session_token = "";
  EXPECT_TRUE(fails(signed_with(other, kThen), SigV4Fault::kUnknownKey));
  other = key;
  other.id = "ASIAUNKNOWN";
  EXPECT_TRUE(fails(signed_with(other, kThen), SigV4Fault::kUnknownKey));
  // Who cannot sign is not told that the credentials have expired.
  other = key;
  other.secret = "guess";
  EXPECT_TRUE(fails(signed_with(other, kThen + 600), SigV4Fault::kMismatch));
}

TEST(SigV4Verify, NamesWhatIsMissing) {
  EXPECT_TRUE(fails(verify({"GET", "/", kHost, ""}), SigV4Fault::kMissing));
  const auto with = [&](const std::string& authorization) {
    auto headers = kHost;
    headers.emplace_back("X-Amz-Date", "20150830T123600Z");
    headers.emplace_back("Authorization", authorization);
    return verify({"GET", "/", headers, ""});
  };
  const std::string credential =
      "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";
  EXPECT_TRUE(fails(with("Bearer abc"), SigV4Fault::kIncomplete));
  EXPECT_TRUE(fails(with("AWS4-HMAC-SHA256 "), SigV4Fault::kIncomplete));
  EXPECT_TRUE(fails(with("AWS4-HMAC-SHA256 " + credential), SigV4Fault::kIncomplete));
  EXPECT_TRUE(fails(with("AWS4-HMAC-SHA256 " + credential + ", Signature=00"),
                    SigV4Fault::kIncomplete));
  EXPECT_TRUE(
      fails(with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE, SignedHeaders=host, Signature=00"),
            SigV4Fault::kIncomplete));
  auto no_date = list_users();
  no_date.headers.erase(no_date.headers.begin() + 2);
  EXPECT_TRUE(fails(verify(no_date, {"iam", "us-east-1"}), SigV4Fault::kIncomplete));
  auto bad_date = list_users();
  bad_date.headers[2].second = "20151330T123600Z";
  EXPECT_TRUE(fails(verify(bad_date, {"iam", "us-east-1"}), SigV4Fault::kIncomplete));
}

}  // namespace
}  // namespace passport::lab
