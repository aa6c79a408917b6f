#include "wire/aws/service_error.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "wire/aws/xml.h"

namespace passport::wire::aws {
namespace {

template <std::size_t N>
bool is_one_of(std::string_view code, const std::array<std::string_view, N>& codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

/// "com.amazonaws.ssm#TargetNotConnected:http://..." -> "TargetNotConnected"
std::string bare_code(std::string_view text) {
  text = text.substr(0, text.find(':'));
  if (const auto hash = text.rfind('#'); hash != std::string_view::npos)
    text.remove_prefix(hash + 1);
  return std::string(text);
}

void read_json(const HttpResponse& response, ServiceError& out) {
  const auto parsed = parse_json_object(response.body, "error");
  if (!parsed) return;
  for (const auto* key : {"__type", "code", "Code"})
    if (out.code.empty()) out.code = bare_code(find_string(*parsed, key));
  for (const auto* key : {"message", "Message", "errorMessage"})
    if (out.message.empty()) out.message = find_string(*parsed, key);
}

void read_xml(const HttpResponse& response, ServiceError& out) {
  pugi::xml_document document;
  if (!load_xml(document, response.body)) return;
  const auto root = document.document_element();
  auto error = find_child(root, "Error");
  if (!error) error = find_child(find_child(root, "Errors"), "Error");
  if (!error) error = find_child(document, "Error");
  if (out.code.empty()) out.code = bare_code(find_child_text(error, "Code"));
  out.message = find_child_text(error, "Message");
  for (const auto* name : {"RequestId", "RequestID"})
    if (out.request_id.empty()) out.request_id = find_child_text(root, name);
}

}  // namespace

ServiceError parse_service_error(const HttpResponse& response) {
  ServiceError out;
  out.status = response.status;
  out.code = bare_code(find_header(response.headers, "X-Amzn-ErrorType"));
  out.request_id = find_header(response.headers, "X-Amzn-RequestId");
  const auto first = response.body.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return out;
  if (response.body[first] == '<')
    read_xml(response, out);
  else
    read_json(response, out);
  return out;
}

bool is_throttling(const ServiceError& error) {
  static constexpr std::array<std::string_view, 14> kCodes = {
      "Throttling",
      "ThrottlingException",
      "ThrottledException",
      "RequestThrottledException",
      "RequestThrottled",
      "TooManyRequestsException",
      "ProvisionedThroughputExceededException",
      "TransactionInProgressException",
      "RequestLimitExceeded",
      "BandwidthLimitExceeded",
      "LimitExceededException",
      "SlowDown",
      "PriorRequestNotComplete",
      "EC2ThrottledException"};
  return error.status == 429 || is_one_of(error.code, kCodes);
}

bool is_expired(const ServiceError& error) {
  static constexpr std::array<std::string_view, 3> kCodes = {
      "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"};
  return is_one_of(error.code, kCodes);
}

bool is_unrecognized(const ServiceError& error) {
  static constexpr std::array<std::string_view, 6> kCodes = {"UnrecognizedClientException",
                                                             "InvalidClientTokenId",
                                                             "InvalidAccessKeyId",
                                                             "InvalidToken",
                                                             "InvalidClientTokenIdException",
                                                             "MissingAuthenticationToken"};
  return is_one_of(error.code, kCodes);
}

bool is_denied(const ServiceError& error) {
  static constexpr std::array<std::string_view, 4> kCodes = {
      "UnauthorizedOperation", "UnauthorizedException", "NotAuthorized", "ForbiddenException"};
  return error.code.starts_with("AccessDenied") || is_one_of(error.code, kCodes);
}

bool is_clock_skew(const ServiceError& error) {
  static constexpr std::array<std::string_view, 3> kCodes = {
      "RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"};
  static constexpr std::array<std::string_view, 4> kSignatureCodes = {
      "SignatureDoesNotMatch", "InvalidSignatureException", "InvalidSignature", "AuthFailure"};
  if (is_one_of(error.code, kCodes)) return true;
  const bool about_time = error.message.find("Signature expired") != std::string::npos ||
                          error.message.find("Signature not yet current") != std::string::npos;
  return about_time && is_one_of(error.code, kSignatureCodes);
}

bool is_retryable(const ServiceError& error) {
  static constexpr std::array<std::string_view, 8> kCodes = {"RequestTimeout",
                                                             "RequestTimeoutException",
                                                             "InternalServerError",
                                                             "InternalFailure",
                                                             "InternalError",
                                                             "ServiceUnavailable",
                                                             "ServiceUnavailableException",
                                                             "IDPCommunicationError"};
  const bool gateway =
      error.status == 500 || error.status == 502 || error.status == 503 || error.status == 504;
  return gateway || is_throttling(error) || is_one_of(error.code, kCodes);
}

}  // namespace passport::wire::aws
