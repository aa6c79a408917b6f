// Access keys: what signs requests to AWS.
#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "base/secret.h"

namespace passport::wire::aws {

struct AccessKey {
  std::string id;
  Secret secret;
  Secret session_token;  ///< empty: a long-term key, which has none
};

/// A key as some service handed it out.
struct IssuedKey {
  AccessKey key;
  std::optional<std::chrono::sys_seconds> expires{};  ///< empty: never
};

}  // namespace passport::wire::aws
