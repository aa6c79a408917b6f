#include "aws/failure.h"

#include <array>

#include <fmt/format.h>

#include "base/text.h"

namespace passport::aws {
namespace {

using wire::aws::ServiceError;

constexpr std::size_t kMaxMessage = 600;

bool is_signature_fault(const ServiceError& error) {
  return error.code == "SignatureDoesNotMatch" || error.code.starts_with("InvalidSignature") ||
         error.code.starts_with("IncompleteSignature");
}

bool is_document_fault(const ServiceError& error) {
  return error.code.starts_with("InvalidDocument");
}

bool is_not_found(const ServiceError& error) {
  return error.code == "InvalidTarget" || error.code == "InvalidInstanceId" ||
         error.code == "DoesNotExistException" || error.code == "NotFoundException" ||
         error.code == "InvalidCommandId" || error.code == "InvocationDoesNotExist";
}

/// What was asked for cannot be: it stays so until it is asked for otherwise.
bool is_request_fault(const ServiceError& error) {
  return error.code == "ValidationException" || error.code == "ValidationError" ||
         error.code == "InvalidParameters" || error.code == "DuplicateInstanceId" ||
         error.code == "UnsupportedPlatformType" || error.code == "MalformedPolicyDocument" ||
         error.code == "PackedPolicyTooLarge" || error.code == "MaxDocumentSizeExceeded";
}

/// Of KMS: the key is there and cannot be used.
bool is_key_fault(const ServiceError& error) {
  return error.code == "DisabledException" || error.code == "KMSInvalidStateException" ||
         error.code == "InvalidKeyUsageException";
}

void hide(std::string& text, std::string_view secret) {
  if (secret.empty()) return;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at))
    text.replace(at, secret.size(), "[hidden]");
}

/// AWS's words without secrets: a complaint about a signature goes on, after a line feed, with
/// the canonical request, which holds the session token.
std::string shown_message(const ServiceError& error, const Credentials* credentials) {
  auto text = error.message;
  if (is_signature_fault(error)) text = text.substr(0, text.find('\n'));
  if (credentials != nullptr) {
    hide(text, credentials->key.secret.reveal());
    hide(text, credentials->key.session_token.reveal());
  }
  return escape_for_terminal(text, kMaxMessage);
}

std::string shown_error(const ServiceError& error, const Attempted& attempted) {
  const auto message = shown_message(error, attempted.credentials);
  if (error.code.empty())
    return fmt::format("{} answered {}{}{}", attempted.host, error.status,
                       message.empty() ? "" : ": aws: ", message);
  const auto code = escape_for_terminal(error.code, 100);
  return message.empty() ? "aws: " + code : "aws: " + code + ": " + message;
}

Errc kind_of(const ServiceError& error) {
  if (wire::aws::is_clock_skew(error)) return Errc::kConfig;
  if (wire::aws::is_expired(error)) return Errc::kExpired;
  if (wire::aws::is_throttling(error)) return Errc::kThrottled;
  if (wire::aws::is_denied(error) || wire::aws::is_unrecognized(error) ||
      is_signature_fault(error))
    return Errc::kDenied;
  if (is_not_found(error)) return Errc::kNotFound;
  if (is_document_fault(error) || is_key_fault(error) || is_request_fault(error))
    return Errc::kConfig;
  return Errc::kUnavailable;
}

std::string hint_for(const ServiceError& error, const Attempted& attempted) {
  const auto source = attempted.credentials != nullptr ? attempted.credentials->source : "";
  const auto on_target = attempted.target.empty()
                             ? std::string()
                             : " on " + escape_for_terminal(attempted.target, 200);
  if (wire::aws::is_clock_skew(error)) return "set this machine's clock";
  if (wire::aws::is_expired(error))
    return "the credentials from " + source + " have expired: renew them, then try again";
  if (wire::aws::is_throttling(error))
    return fmt::format("tried {} times; try again in a minute", attempted.tries);
  if (wire::aws::is_denied(error))
    return "the policy of the credentials from " + (source.empty() ? "AWS" : source) +
           " must allow " + attempted.action + on_target;
  if (wire::aws::is_unrecognized(error))
    return "AWS does not know the access key from " + source +
           ": is it of another partition than " + attempted.region +
           ", deleted, or without its session token?";
  if (is_signature_fault(error))
    return "the secret access key from " + source + " does not fit its id";
  if (error.code == "TargetNotConnected")
    return "is the instance running in " + attempted.region +
           ", with an SSM agent that is online and allowed to connect?";
  if (is_not_found(error) && !attempted.target.empty())
    return "there is none such in " + attempted.region + " for this account";
  if (is_document_fault(error))
    return "the document must exist in " + attempted.region +
           (attempted.action == "ssm:StartSession" ? " and be of type Session" : "");
  if (is_key_fault(error))
    return "enable the key, or have another set in the Session Manager preferences";
  return {};
}

}  // namespace

Error describe_failure(const ServiceError& error, const Attempted& attempted) {
  return {kind_of(error), shown_error(error, attempted), hint_for(error, attempted)};
}

}  // namespace passport::aws
