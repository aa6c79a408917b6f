// A signer for the lab's tests, written as the specification reads; no code of the project's
// signs here, so that a shared mistake cannot hide.
#pragma once
#include <string>
#include <vector>

#include "wire/http.h"

namespace passport::lab {

struct TestKey {
  std::string id = "AKIDEXAMPLE";
  std::string secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
  std::string session_token;
};

/// Adds X-Amz-Date, X-Amz-Security-Token and Authorization; signs every header there is. The
/// path and query of `request.target` must already be in canonical form.
void sign(wire::HttpRequest& request, const TestKey& key, const std::string& service,
          const std::string& region, std::int64_t unix_s);

}  // namespace passport::lab
