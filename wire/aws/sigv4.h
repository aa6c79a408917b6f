// AWS Signature Version 4 over HTTP requests: by header and by query.
// Source: "Create a signed AWS API request", AWS IAM User Guide.
#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "wire/aws/access_key.h"
#include "wire/http.h"

namespace passport::wire::aws {

/// What a signature is for.
struct SigningScope {
  std::string region;
  std::string service;
  std::chrono::sys_seconds time;
  /// S3 alone takes the path as it stands and lets a body go unsigned.
  bool plain_path = false;
  bool unsigned_payload = false;
};

/// Adds X-Amz-Date, X-Amz-Security-Token (when the key has one) and Authorization, in place of
/// those that are there. All headers of the request and Host are signed, except those that are
/// changed on the way (Connection, Expect, User-Agent, X-Amzn-Trace-Id and the like).
/// `request.target` is taken as sent: percent-encoded, after `endpoint.path`.
void sign(HttpRequest& request, const Endpoint& endpoint, const AccessKey& key,
          const SigningScope& scope);

/// The request's target (without `endpoint.path`) with a signature in its query that holds for
/// `life`. The request's headers are signed too and must be sent as given.
std::string presign(const HttpRequest& request, const Endpoint& endpoint, const AccessKey& key,
                    const SigningScope& scope, std::chrono::seconds life);

/// `query` (without '?') decoded, encoded anew by the rules of SigV4 ('+' is a space, a name
/// without '=' gets one) and sorted by name, then value.
std::string canonical_query(std::string_view query);

/// The steps of the specification, for comparing with its examples.
struct CanonicalRequest {
  std::string text;
  std::string signed_headers;
};
CanonicalRequest make_canonical_request(const HttpRequest& request, const Endpoint& endpoint,
                                        const SigningScope& scope);
std::string make_string_to_sign(std::string_view canonical_request, const SigningScope& scope);
std::string make_signature(const Secret& secret, std::string_view string_to_sign,
                           const SigningScope& scope);

}  // namespace passport::wire::aws
