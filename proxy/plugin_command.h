// What the AWS CLI, or who stands in for it, tells session-manager-plugin. Pure.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "aws/environment.h"
#include "base/result.h"
#include "wire/aws/ssm_messages.h"

namespace passport::proxy {

/// The session is started already; the request says how.
struct PluginCommand {
  enum class Kind {
    kGreeting,  ///< no arguments: is it installed?
    kVersion,   ///< --version
    kSession,
  };
  Kind kind = Kind::kSession;
  wire::aws::Session session{};
  /// The variable of the environment that holds the session and its token; empty: the first
  /// argument does. Either is to be wiped.
  std::string variable{};
  std::string region{};
  std::string profile{};                     ///< empty: as the environment says
  std::string endpoint_url{};                ///< of Systems Manager; empty: the region's
  wire::aws::StartSessionRequest request{};  ///< target: the session's id when it is not told
};

/// `arguments` are those after the program's name: RESPONSE REGION StartSession PROFILE
/// PARAMETERS ENDPOINT, of which old releases of the AWS CLI leave out the last three. RESPONSE
/// is the JSON that StartSession answered, or the name of a variable that holds it, which
/// begins with AWS_SSM_START_SESSION_RESPONSE. PARAMETERS are the JSON that StartSession was
/// asked. Errors: kUsage; as parse_session. None of them quotes RESPONSE. Source:
/// session-manager-plugin src/sessionmanagerplugin/session/session.go
/// ValidateInputAndStartSession.
Result<PluginCommand> parse_plugin_command(std::span<const std::string_view> arguments,
                                           const aws::Environment& environment);

}  // namespace passport::proxy
