// The session documents that run a shell or a command, as Systems Manager has them.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "lab/service_state.h"

namespace passport::lab {

/// What such a document makes of a session.
struct ShellSession {
  std::string_view type;  ///< wire::ssm::kStandardStream and so on
  std::string command{};  ///< empty: a shell
  bool separate_errors =
      false;  ///< standard error apart from standard output, and an exit code
};
/// nullopt when the session's document is of another kind. The empty name is the default
/// document, a shell.
std::optional<ShellSession> find_shell(const Session& session);

bool is_shell_document(std::string_view name);
/// What is wrong with the parameters for this document, in the service's words; empty: nothing.
std::string check_shell_parameters(std::string_view document, const Parameters& parameters);

/// DocumentContent, as a real agent is given it.
json::object make_shell_document(const Session& session);

}  // namespace passport::lab
