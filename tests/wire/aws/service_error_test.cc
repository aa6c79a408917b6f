#include "wire/aws/service_error.h"

#include <gtest/gtest.h>

namespace passport::wire::aws {
namespace {

ServiceError parsed(int status, std::string body, HttpHeaders headers = {}) {
  return parse_service_error({status, std::move(headers), std::move(body)});
}

TEST(ServiceError, JsonForms) {
  auto error =
      parsed(400, R"({"__type":"com.amazonaws.ssm#TargetNotConnected","message":"i-1 is not"})",
             {{"x-amzn-RequestId", "r-1"}});
  EXPECT_EQ(error.status, 400);
  EXPECT_EQ(error.code, "TargetNotConnected");
  EXPECT_EQ(error.message, "i-1 is not");
  EXPECT_EQ(error.request_id, "r-1");
  error = parsed(400, R"({"code":"X","Message":"m"})");
  EXPECT_EQ(error.code, "X");
  EXPECT_EQ(error.message, "m");
  error = parsed(403, R"({"Message":"m"})",
                 {{"X-Amzn-ErrorType", "AccessDeniedException:http://internal.amazon.com/x/"}});
  EXPECT_EQ(error.code, "AccessDeniedException");
}

TEST(ServiceError, XmlForms) {
  auto error =
      parsed(403,
             "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>"
             "Sender</Type><Code>AccessDenied</Code><Message>no &lt;way&gt;</Message></Error>"
             "<RequestId>r-2</RequestId></ErrorResponse>");
  EXPECT_EQ(error.code, "AccessDenied");
  EXPECT_EQ(error.message, "no <way>");
  EXPECT_EQ(error.request_id, "r-2");
  error = parsed(400,
                 "<Response><Errors><Error><Code>A</Code><Message>m</Message></Error></Errors>"
                 "<RequestID>r-3</RequestID></Response>");
  EXPECT_EQ(error.code, "A");
  EXPECT_EQ(error.request_id, "r-3");
  error = parsed(400, "\n<Error><Code>B</Code></Error>");
  EXPECT_EQ(error.code, "B");
}

TEST(ServiceError, OtherAnswersLeaveItEmpty) {
  for (const auto* body :
       {"", "  ", "Bad Gateway", "<html><body>502</body></html>", "[1]", "{", "<a"}) {
    const auto error = parsed(502, body);
    EXPECT_EQ(error.status, 502);
    EXPECT_EQ(error.code, "") << body;
    EXPECT_EQ(error.message, "") << body;
  }
}

TEST(ServiceError, Kinds) {
  struct Row {
    ServiceError error;
    bool throttling, expired, unrecognized, denied, skew, retryable;
  };
  const Row rows[] = {
      {{400, "ThrottlingException", ""}, true, false, false, false, false, true},
      {{429, "", ""}, true, false, false, false, false, true},
      {{400, "ExpiredTokenException", ""}, false, true, false, false, false, false},
      {{400, "UnrecognizedClientException", ""}, false, false, true, false, false, false},
      {{403, "InvalidClientTokenId", ""}, false, false, true, false, false, false},
      {{400, "AccessDeniedException", ""}, false, false, false, true, false, false},
      {{403, "AccessDenied", ""}, false, false, false, true, false, false},
      {{400, "RequestTimeTooSkewed", ""}, false, false, false, false, true, false},
      {{403, "SignatureDoesNotMatch", "Signature expired: x"},
       false,
       false,
       false,
       false,
       true,
       false},
      {{403, "InvalidSignatureException", "Signature not yet current: x"},
       false,
       false,
       false,
       false,
       true,
       false},
      {{403, "SignatureDoesNotMatch", "check your key"},
       false,
       false,
       false,
       false,
       false,
       false},
      {{500, "InternalServerError", ""}, false, false, false, false, false, true},
      {{503, "", ""}, false, false, false, false, false, true},
      {{501, "", ""}, false, false, false, false, false, false},
      {{400, "TargetNotConnected", ""}, false, false, false, false, false, false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(is_throttling(row.error), row.throttling) << row.error.code;
    EXPECT_EQ(is_expired(row.error), row.expired) << row.error.code;
    EXPECT_EQ(is_unrecognized(row.error), row.unrecognized) << row.error.code;
    EXPECT_EQ(is_denied(row.error), row.denied) << row.error.code;
    EXPECT_EQ(is_clock_skew(row.error), row.skew) << row.error.code;
    EXPECT_EQ(is_retryable(row.error), row.retryable) << row.error.code << row.error.status;
  }
}

}  // namespace
}  // namespace passport::wire::aws
