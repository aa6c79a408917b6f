// What is said over the agent's control socket: one line of JSON each way. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "keyagent/keyring.h"

namespace passport::keyagent {

inline constexpr std::size_t kMaxControlLine = 256 << 10;  ///< bytes, the newline with them
inline constexpr std::size_t kMaxHostKeys = 256;           ///< of a request

/// What keys an access request gets.
enum class KeyChoice { kAll, kEd25519, kRsa };
/// "all", "ed25519", "rsa". Errors: kUsage.
Result<KeyChoice> parse_key_choice(std::string_view text);
std::string_view to_string(KeyChoice choice);

/// An access request whose keys the agent is to hold.
struct HeldRequest {
  std::string id{};  ///< 1 to 64 of [A-Za-z0-9._-]
  Time end{};        ///< its keys go then
  KeyChoice keys = KeyChoice::kAll;
  /// For /bin/sh: reads a public key's line, writes the lines of its certificates.
  std::string certificate_command{};
  /// Logins to these servers alone are signed for; empty: to any.
  std::vector<wire::ssh::PublicKey> host_keys{};
};
bool is_request_id(std::string_view text);

struct ControlRequest {
  enum class Verb { kStatus, kList, kAddRequest, kDropRequest, kStop } verb = Verb::kStatus;
  HeldRequest request{};  ///< of kAddRequest; its id alone of kDropRequest
};

/// {"verb":"add-request","id":TEXT,"end":UNIX SECONDS,"keys":TEXT,"certificate_command":TEXT,
/// "host_keys":[LINE,...]}, {"verb":"drop-request","id":TEXT}, {"verb":"status"}, ...
std::string serialize_control_request(const ControlRequest& request);
/// Errors: kMalformed, kTooLarge, and kUsage for values that cannot be.
Result<ControlRequest> parse_control_request(std::string_view line);

/// {"error":TEXT,"hint":TEXT,"status":EXIT STATUS}; an answer without "error" is what was asked
/// for.
std::string serialize_control_error(const Error& error);
struct ControlAnswer {
  json::object object{};
  std::string error{};  ///< empty: none
  std::string hint{};
  int status = 0;  ///< exit status
};
/// Errors: kProtocol.
Result<ControlAnswer> parse_control_answer(std::string_view line);

}  // namespace passport::keyagent
