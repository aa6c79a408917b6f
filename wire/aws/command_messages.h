// Run Command of Systems Manager: request bodies and answers (JSON 1.1).
#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace passport::wire::aws {

/// InstanceIds of one SendCommand or CancelCommand, and invocations of one page.
inline constexpr std::size_t kMaxCommandTargets = 50;
/// Characters of output that a CommandPlugin of ListCommandInvocations has, and those of
/// StandardOutputContent and StandardErrorContent of GetCommandInvocation: what is more is cut.
inline constexpr std::size_t kMaxListedOutput = 2500;
inline constexpr std::size_t kMaxStandardOutput = 24000;
inline constexpr std::size_t kMaxStandardError = 8000;

struct SendCommandRequest {
  std::vector<std::string> instance_ids;  ///< 1 to kMaxCommandTargets
  std::string document_name;
  std::map<std::string, std::vector<std::string>> parameters{};
  /// An instance that has not begun by then does not begin. 0: the service's own, an hour;
  /// otherwise at least 30 s.
  std::chrono::seconds delivery_timeout{0};
  std::string comment{};  ///< at most 100 characters; empty: none
};

/// AWS-RunShellScript with one script, which is ended after `execution_timeout`.
SendCommandRequest make_shell_command(std::vector<std::string> instance_ids, std::string script,
                                      std::chrono::seconds execution_timeout);

enum class InvocationStatus {
  kPending,
  kInProgress,
  kDelayed,
  kCancelling,
  kSuccess,
  kCancelled,
  kTimedOut,
  kFailed,
};
std::string_view to_string(InvocationStatus status);
/// The status will not change any more.
bool is_final(InvocationStatus status);

/// A command on one instance.
struct CommandInvocation {
  std::string command_id;
  std::string instance_id;
  InvocationStatus status = InvocationStatus::kPending;
  std::string status_details;          ///< "DeliveryTimedOut", "Undeliverable", ...
  std::optional<int> response_code{};  ///< the script's exit status, once it has ended
  std::string output{};                ///< may be cut
  std::string error_output{};          ///< of GetCommandInvocation alone
};

struct InvocationPage {
  std::vector<CommandInvocation> invocations;
  std::string next_token;  ///< empty: this was the last page
};

std::string serialize_send_command(const SendCommandRequest& request);
/// Of ListCommandInvocations, with the output of each.
std::string serialize_list_invocations(std::string_view command_id,
                                       std::string_view next_token);
std::string serialize_get_invocation(std::string_view command_id, std::string_view instance_id);
/// Without instances: on all of the command's.
std::string serialize_cancel_command(std::string_view command_id,
                                     const std::vector<std::string>& instance_ids);

/// The command's id. Errors of all: kProtocol when a part is missing or of no known form.
Result<std::string> parse_sent_command(std::string_view body);
Result<InvocationPage> parse_invocations(std::string_view body);
Result<CommandInvocation> parse_invocation(std::string_view body);

}  // namespace passport::wire::aws
