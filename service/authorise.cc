#include "service/authorise.h"

#include <algorithm>
#include <array>

namespace passport::service {
namespace {

bool share(const Groups& a, const Groups& b) {
  return std::any_of(a.begin(), a.end(),
                     [&](const std::string& group) { return b.contains(group); });
}

struct ActionName {
  Action action;
  std::string_view name;
};
constexpr std::array<ActionName, 17> kNames = {{
    {Action::kCreate, "request.create"},
    {Action::kList, "request.list"},
    {Action::kShow, "request.show"},
    {Action::kExtend, "request.extend"},
    {Action::kComplete, "request.complete"},
    {Action::kApprove, "request.approve"},
    {Action::kDeny, "request.deny"},
    {Action::kCertify, "request.certify"},
    {Action::kStartSession, "session.start"},
    {Action::kResumeSession, "session.resume"},
    {Action::kTerminateSession, "session.terminate"},
    {Action::kReportSession, "session.report"},
    {Action::kReadAccounts, "account.list"},
    {Action::kReadAccess, "access.read"},
    {Action::kReadAuthorities, "ca.read"},
    {Action::kReadToken, "token.read"},
    {Action::kRevokeToken, "token.revoke"},
}};

bool may(const Subject& subject, Action action, const Object& object, const Account& account) {
  const auto role = role_in(subject, account);
  const bool owns = !object.owner.empty() && object.owner == subject.user;
  switch (action) {
    case Action::kCreate:
      return role == Role::kAdmin;
    case Action::kShow:
      return role != Role::kNone || owns || share(subject.groups, account.approvers);
    case Action::kComplete:
      return owns || role == Role::kAdmin;  // to end access is never a danger
    case Action::kApprove:
    case Action::kDeny:
      return share(subject.groups, account.approvers) && !object.owner.empty() && !owns;
    case Action::kTerminateSession:
    case Action::kReportSession:
      return owns;
    case Action::kExtend:
    case Action::kCertify:
    case Action::kStartSession:
    case Action::kResumeSession:
      return owns && role == Role::kAdmin;
    case Action::kList:
    case Action::kReadAccounts:
    case Action::kReadAccess:
    case Action::kReadAuthorities:
    case Action::kReadToken:
    case Action::kRevokeToken:
      break;
  }
  return false;
}

/// What concerns no object, or nobody else.
bool is_for_all(Action action) {
  return action == Action::kList || action == Action::kReadAccounts ||
         action == Action::kReadAccess || action == Action::kReadAuthorities ||
         action == Action::kReadToken || action == Action::kRevokeToken;
}

}  // namespace

std::string_view to_string(Role role) {
  switch (role) {
    case Role::kAdmin:
      return "admin";
    case Role::kObserver:
      return "observer";
    case Role::kNone:
      break;
  }
  return "none";
}

std::string_view to_string(Action action) {
  return std::find_if(kNames.begin(), kNames.end(),
                      [&](const ActionName& n) { return n.action == action; })
      ->name;
}

Role role_in(const Subject& subject, const Account& account) {
  if (share(subject.groups, account.admins)) return Role::kAdmin;
  if (share(subject.groups, account.observers)) return Role::kObserver;
  return Role::kNone;
}

Result<void> authorise(const Subject& subject, Action action, const Object& object,
                       const Config& config) {
  // For everybody who is known; what they are shown is chosen for them.
  if (!subject.user.empty() && is_for_all(action)) return {};
  const auto account = config.accounts.find(object.account);
  if (!subject.user.empty() && account != config.accounts.end() &&
      may(subject, action, object, account->second))
    return {};
  return Error{Errc::kDenied, "you may not do that, or there is no such thing: " +
                                  std::string(to_string(action))};
}

}  // namespace passport::service
