// Credentials in use, and where they come from.
#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "net/asio.h"
#include "wire/aws/access_key.h"

namespace passport::aws {

struct Credentials {
  wire::aws::AccessKey key;
  std::optional<std::chrono::sys_seconds> expires{};  ///< empty: never, or not known
  std::string source;                                 ///< for messages: profile "dev"
};

enum class Renew { kNo, kYes };

/// Gives the credentials to use; with Renew::kYes not those that it gave before, if it can.
using CredentialSource = std::function<net::Task<Result<Credentials>>(Renew, net::Deadline)>;

}  // namespace passport::aws
