#include "wire/aws/sigv4.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace passport::wire::aws {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::sys_seconds kSuiteTime(1440938160s);  // 20150830T123600Z
const char kSuiteSecret[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

Endpoint at(std::string host, unsigned short port = 443) {
  Endpoint out;
  out.host = std::move(host);
  out.port = port;
  return out;
}

SigningScope scope(std::string service) {
  return {.region = "us-east-1", .service = std::move(service), .time = kSuiteTime};
}

AccessKey suite_key() {
  return {"AKIDEXAMPLE", Secret(kSuiteSecret), Secret()};
}

std::string after(std::string_view text, std::string_view mark) {
  const auto found = text.find(mark);
  return found == std::string_view::npos ? "" : std::string(text.substr(found + mark.size()));
}

std::string signature_of(const HttpRequest& request) {
  return after(find_header(request.headers, "Authorization"), "Signature=");
}

struct Case {
  std::string name;
  HttpRequest request;
  AccessKey key = suite_key();
  bool plain_path = false;
  std::string signature;
  std::string query_signature;
};

void read_line(Case& c, const std::string& word, std::string rest) {
  if (word == "request") {
    c.request.method = rest.substr(0, rest.find(' '));
    c.request.target = rest.substr(rest.find(' ') + 1);
  } else if (word == "header") {
    for (auto fold = rest.find("\\n"); fold != std::string::npos; fold = rest.find("\\n"))
      rest.replace(fold, 2, "\n");
    c.request.headers.emplace_back(rest.substr(0, rest.find(':')),
                                   rest.substr(rest.find(':') + 1));
  } else if (word == "body") {
    c.request.body = rest;
  } else if (word == "token") {
    c.key.session_token = Secret(rest);
  } else if (word == "plain-path") {
    c.plain_path = true;
  } else if (word == "signature") {
    c.signature = rest;
  } else if (word == "query-signature") {
    c.query_signature = rest;
  } else {
    ADD_FAILURE() << "suite.txt: " << word;
  }
}

std::vector<Case> load_suite() {
  std::ifstream file(PASSPORT_TEST_DATA "/sigv4/suite.txt");
  std::vector<Case> out;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const auto gap = std::min(line.find(' '), line.size());
    const auto rest = line.substr(std::min(gap + 1, line.size()));
    if (line.substr(0, gap) == "case")
      out.emplace_back().name = rest;
    else
      read_line(out.back(), line.substr(0, gap), rest);
  }
  return out;
}

TEST(SigV4, SignsAsAwsTestSuite) {
  const auto suite = load_suite();
  ASSERT_EQ(suite.size(), 16U);
  for (const auto& c : suite) {
    auto request = c.request;
    auto s = scope("service");
    s.plain_path = c.plain_path;
    sign(request, at("example.amazonaws.com"), c.key, s);
    EXPECT_EQ(signature_of(request), c.signature) << c.name;
    if (c.query_signature.empty()) continue;
    const auto target = presign(c.request, at("example.amazonaws.com"), c.key, s, 3600s);
    EXPECT_EQ(after(target, "X-Amz-Signature="), c.query_signature) << c.name;
  }
}

// The worked example of the AWS General Reference, every step of it.
TEST(SigV4, FollowsTheListUsersExample) {
  HttpRequest request;
  request.target = "/?Action=ListUsers&Version=2010-05-08";
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  const auto endpoint = at("iam.amazonaws.com");
  sign(request, endpoint, suite_key(), scope("iam"));
  EXPECT_EQ(find_header(request.headers, "Authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date, "
            "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");

  const auto canonical = make_canonical_request(request, endpoint, scope("iam"));
  EXPECT_EQ(
      canonical.text,
      "GET\n/\nAction=ListUsers&Version=2010-05-08\n"
      "content-type:application/x-www-form-urlencoded; charset=utf-8\n"
      "host:iam.amazonaws.com\nx-amz-date:20150830T123600Z\n\ncontent-type;host;x-amz-date\n"
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(make_string_to_sign(canonical.text, scope("iam")),
            "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n"
            "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59");
}

// "Authenticating Requests: Using Query Parameters", Amazon S3 API Reference.
TEST(SigV4, PresignsTheS3Example) {
  HttpRequest request;
  request.target = "/test.txt";
  const AccessKey key{"AKIAIOSFODNN7EXAMPLE",
                      Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), Secret()};
  const SigningScope s3{.region = "us-east-1",
                        .service = "s3",
                        .time = std::chrono::sys_seconds(1369353600s),
                        .plain_path = true,
                        .unsigned_payload = true};
  EXPECT_EQ(
      presign(request, at("examplebucket.s3.amazonaws.com"), key, s3, 86400s),
      "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F"
      "20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires="
      "86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
      "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(SigV4, SigningAgainReplacesTheOldSignature) {
  HttpRequest once;
  auto key = suite_key();
  key.session_token = Secret("token");
  sign(once, at("h"), key, scope("ssm"));
  auto twice = once;
  twice.headers[0].first = "x-amz-DATE";
  sign(twice, at("h"), key, scope("ssm"));
  EXPECT_EQ(twice.headers, once.headers);
  EXPECT_EQ(find_header(twice.headers, "X-Amz-Security-Token"), "token");
}

TEST(SigV4, DoesNotSignWhatChangesOnTheWay) {
  HttpRequest request;
  request.headers = {{"User-Agent", "x"}, {"Connection", "upgrade"}, {"A", "1"}};
  EXPECT_EQ(make_canonical_request(request, at("h"), scope("ssm")).signed_headers, "a;host");
}

TEST(SigV4, NamesThePortInHostOnlyWhenItIsNotTheSchemesOwn) {
  const auto canonical = [](const Endpoint& endpoint) {
    return make_canonical_request({}, endpoint, scope("ssm")).text;
  };
  EXPECT_NE(canonical(at("H.example", 8443)).find("\nhost:h.example:8443\n"),
            std::string::npos);
  EXPECT_NE(canonical(at("h.example")).find("\nhost:h.example\n"), std::string::npos);
}

TEST(SigV4, EncodesAnEncodedPathOnceMoreExceptForS3) {
  HttpRequest request;
  request.target = "/a%20b/c:d";
  auto s = scope("ssm");
  EXPECT_TRUE(
      make_canonical_request(request, at("h"), s).text.starts_with("GET\n/a%2520b/c%3Ad\n"));
  s.plain_path = true;
  EXPECT_TRUE(
      make_canonical_request(request, at("h"), s).text.starts_with("GET\n/a%20b/c%3Ad\n"));
}

TEST(SigV4, PutsTheEndpointsPathBeforeTheTarget) {
  HttpRequest request;
  request.target = "/x";
  auto endpoint = at("h");
  endpoint.path = "/base";
  EXPECT_TRUE(make_canonical_request(request, endpoint, scope("ssm"))
                  .text.starts_with("GET\n/base/x\n"));
}

TEST(CanonicalQuery, SortsByEncodedNameThenValueAndEncodesAnew) {
  EXPECT_EQ(canonical_query(""), "");
  EXPECT_EQ(canonical_query("b=2&a=1&a=0"), "a=0&a=1&b=2");
  EXPECT_EQ(canonical_query("flag&a"), "a=&flag=");
  EXPECT_EQ(canonical_query("a=x=y==&&b=%7e%2f"), "a=x%3Dy%3D%3D&b=~%2F");
  EXPECT_EQ(canonical_query("a=1+2&b=%"), "a=1%202&b=%25");
  EXPECT_EQ(canonical_query("Z=1&a=1&A=1"), "A=1&Z=1&a=1");
  EXPECT_EQ(canonical_query("a-b=1&a=2"), "a=2&a-b=1");
}

}  // namespace
}  // namespace passport::wire::aws
