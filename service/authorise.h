// Who may do what: the one place that decides. Pure.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "service/config.h"

namespace passport::service {

/// Who asks.
struct Subject {
  std::string user;  ///< as the identity provider names it, for good
  Groups groups;
};

enum class Role { kNone, kObserver, kAdmin };
std::string_view to_string(Role role);

enum class Action {
  kCreate,
  kList,
  kShow,
  kExtend,
  kComplete,
  kApprove,
  kDeny,
  kCertify,
  kStartSession,
  kResumeSession,
  kTerminateSession,
  kReportSession,
  kReadAccounts,
  kReadAccess,       ///< the caller's own requests that are not over
  kReadAuthorities,  ///< public keys of the CA, revoked certificates
  kReadToken,        ///< whom the caller's own was issued to
  kRevokeToken,      ///< the caller's own
};
/// "request.create", "session.start": as the Logbook has it.
std::string_view to_string(Action action);

/// What it is about. A request that does not exist has no account: to somebody without a role
/// it looks as one that is not theirs.
struct Object {
  std::string account{};
  std::string owner{};  ///< of the request; empty where there is none yet
};

/// The most that the subject's groups are given in the account.
Role role_in(const Subject& subject, const Account& account);

/// Errors: kDenied, in words that do not tell whether the object exists.
Result<void> authorise(const Subject& subject, Action action, const Object& object,
                       const Config& config);

}  // namespace passport::service
