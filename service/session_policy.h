// The session policy that narrows what the service may do in an account for one user. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "service/access_request.h"
#include "service/config.h"
#include "wire/aws/sts_messages.h"

namespace passport::service {

/// What credentials of sts:AssumeRole are for. Instance ids, regions and accounts are checked
/// before; nothing in them needs quoting.
struct SessionScope {
  std::string partition = "aws";
  std::string account;
  std::string region;
  std::string session_name;            ///< of the assumed role: how its sessions' ids begin
  std::vector<std::string> instances;  ///< at most kMaxScopeInstances
  std::vector<std::string> documents;  ///< names
};

inline constexpr std::size_t kMaxScopeInstances = 20;
inline constexpr std::size_t kMaxSessionPolicy = 2048;  ///< characters: STS takes no more

/// Allows ssm:StartSession on these instances with these documents, which must be named
/// (ssm:SessionDocumentAccessCheck), and resuming, terminating and opening this role session's
/// own sessions; nothing else, so no SendCommand. Errors: kTooLarge.
Result<std::string> make_session_policy(const SessionScope& scope);

/// The account's role, narrowed to starting sessions on this instance of the request with this
/// document (both empty: to none), and to the request's own sessions; with its owner as source
/// identity. Errors: those of the session policy.
Result<wire::aws::AssumeRoleRequest> make_narrowed_role(const Account& account,
                                                        const AccessRequest& request,
                                                        const std::string& instance,
                                                        const std::string& document);

}  // namespace passport::service
