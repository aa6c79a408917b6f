// AWS's refusals in words that say what to do.
#pragma once
#include <string>

#include "aws/credentials.h"
#include "base/result.h"
#include "wire/aws/service_error.h"

namespace passport::aws {

/// What was tried when a service refused.
struct Attempted {
  std::string action;  ///< "ssm:StartSession"
  std::string target;  ///< what it was for, as "i-0123456789abcdef0"; may be empty
  std::string host;
  std::string region;
  const Credentials* credentials = nullptr;  ///< null: none were needed
  int tries = 1;
};

/// "aws: CODE: MESSAGE" in AWS's words, escaped, and a hint. Secrets of the credentials that
/// AWS repeats are taken out, and of a complaint about the signature only the first line is
/// shown.
///
///   AccessDenied*                          kDenied
///   unknown key, wrong signature           kDenied
///   Expired*                               kExpired
///   Throttl* and the like                  kThrottled
///   InvalidTarget, InvalidInstanceId, InvalidCommandId, InvocationDoesNotExist,
///   DoesNotExistException, NotFoundException   kNotFound
///   InvalidDocument*, ValidationException, InvalidParameters and other faults of what was
///   asked for, a clock that is wrong, a KMS key that is disabled or not for encryption kConfig
///   all else, TargetNotConnected too       kUnavailable
Error describe_failure(const wire::aws::ServiceError& error, const Attempted& attempted);

}  // namespace passport::aws
