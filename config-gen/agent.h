// passport-agent, asked as a program: it holds the keys of each request.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "net/asio.h"

namespace passport::config_gen {

struct Held {
  std::int64_t ends_at = 0;                 ///< Unix seconds
  std::string keys{};                       ///< "all", "ed25519" or "rsa"
  std::vector<std::string> certificates{};  ///< lines, the best first
};
using HeldByRequest = std::map<std::string, Held>;

/// {"requests":[...]} as `passport-agent list --json` prints it. Pure. Errors: kProtocol.
Result<HeldByRequest> parse_held(std::string_view text);

/// The path of the agent's socket; it is started where none runs. These have the errors of the
/// program, in its words.
net::Task<Result<std::string>> start_agent();
net::Task<Result<HeldByRequest>> list_held();
/// Makes keys of the type for the request and has passportd certify them, or makes the
/// certificates anew.
net::Task<Result<void>> hold(std::string request, std::chrono::seconds lasts, std::string keys);
net::Task<Result<void>> drop(std::string request);

}  // namespace passport::config_gen
