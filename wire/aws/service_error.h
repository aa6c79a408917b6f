// Error answers of AWS's services: what they say and what kind they are.
#pragma once
#include <string>
#include <string_view>

#include "wire/http.h"

namespace passport::wire::aws {

struct ServiceError {
  int status = 0;
  std::string code{};     ///< "TargetNotConnected"; empty when the answer names none
  std::string message{};  ///< AWS's words, as they came; may be empty
  std::string request_id{};
};

/// Reads a JSON error (X-Amzn-ErrorType, "__type" or "code"; "message" or "Message") or an XML
/// one (ErrorResponse/Error or Errors/Error, with Code and Message). Never fails: an answer of
/// another form leaves code and message empty.
ServiceError parse_service_error(const HttpResponse& response);

bool is_throttling(const ServiceError& error);
/// The credentials were good once.
bool is_expired(const ServiceError& error);
/// The service does not know the credentials, or the session token does not fit.
bool is_unrecognized(const ServiceError& error);
/// Policy refuses.
bool is_denied(const ServiceError& error);
/// The request's time is too far from the service's.
bool is_clock_skew(const ServiceError& error);
/// The same request may succeed later: throttling, and failures of the service's own.
bool is_retryable(const ServiceError& error);

}  // namespace passport::wire::aws
