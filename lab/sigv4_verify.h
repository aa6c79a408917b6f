// The service's half of AWS Signature Version 4: does a request's signature hold?
// Written from the specification alone, apart from the signer in wire/aws, so that the two
// check each other.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/secret.h"
#include "wire/http.h"

namespace passport::lab {

/// What the service knows of an access key.
struct AccessKey {
  Secret secret;
  Secret session_token;             ///< empty: a long-term key, which has none
  std::int64_t expires_unix_s = 0;  ///< 0: never
};

using KeyLookup = std::function<std::optional<AccessKey>(std::string_view access_key_id)>;

struct SigV4Scope {
  std::string service;
  std::string region;
};

enum class SigV4Fault {
  kMissing,     ///< no signature at all
  kIncomplete,  ///< a signature whose parts cannot be read
  kUnknownKey,  ///< no such access key, or the session token is not its
  kExpired,     ///< temporary credentials whose time is over
  kMismatch,    ///< wrong signature, scope or date
};

struct SigV4Failure {
  SigV4Fault fault;
  std::string message;  ///< AWS's words
};

/// How far the date of a signature may be from the service's clock.
inline constexpr std::int64_t kMaxClockSkewS = 300;
/// Longest life of a signature in a query (X-Amz-Expires).
inline constexpr std::int64_t kMaxQueryLifeS = 604800;

/// The id of the access key that signed `request`, by its Authorization header or by its query.
/// Requires host, every x-amz-* header, and (header form) x-amz-date among the signed headers.
/// `request.headers` must contain Host as received. The body's hash is always computed.
/// Source: "Create a signed AWS API request", AWS IAM User Guide.
std::variant<std::string, SigV4Failure> verify_sigv4(const wire::HttpRequest& request,
                                                     const SigV4Scope& scope,
                                                     const KeyLookup& find_key,
                                                     std::int64_t now_unix_s);

}  // namespace passport::lab
