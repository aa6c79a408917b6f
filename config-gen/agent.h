// passport-agent: it holds the keys of each request.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "api/service_client.h"
#include "base/json.h"
#include "net/asio.h"

namespace passport::config_gen {

struct Held {
  std::int64_t ends_at = 0;                 ///< Unix seconds
  std::string keys{};                       ///< "all", "ed25519" or "rsa"
  std::int64_t certified_until = 0;         ///< by the certificate that ends last
  std::vector<std::string> certificates{};  ///< lines, the best first
};
using HeldByRequest = std::map<std::string, Held>;

/// {"requests":[...]} as the agent answers "list". Pure. Errors: kProtocol.
Result<HeldByRequest> parse_held(std::string_view text);

/// What the agent of the directory holds. Errors: kNotFound: none runs; kTimeout.
Result<HeldByRequest> list_held(const std::string& directory);

/// Those below run the program, and have its errors, in its words.

/// Starts the agent where none runs.
net::Task<Result<void>> start_agent();
/// Makes keys of the type for the request and has passportd certify them, or makes the
/// certificates anew. Errors: kThrottled while another does so.
net::Task<Result<void>> hold(std::string request, std::chrono::seconds lasts, std::string keys,
                             api::Service service);
net::Task<Result<void>> drop(std::string request);

}  // namespace passport::config_gen
