#include "service/routes.h"

#include <array>

#include "service/access_request.h"
#include "wire/aws/identifiers.h"

namespace passport::service {
namespace {

constexpr std::size_t kMaxPath = 512;

constexpr std::array<Route, 22> kRoutes = {{
    {"GET", "/healthz", Endpoint::kHealth},
    {"GET", "/readyz", Endpoint::kReady},
    {"GET", "/metrics", Endpoint::kMetrics},
    {"GET", "/v1/openapi.json", Endpoint::kReadOpenApi},
    {"GET", "/v1/token", Endpoint::kReadToken, Action::kReadToken},
    {"POST", "/v1/token/revoke", Endpoint::kRevokeToken, Action::kRevokeToken},
    {"GET", "/v1/accounts", Endpoint::kListAccounts, Action::kReadAccounts},
    {"GET", "/v1/access", Endpoint::kReadAccess, Action::kReadAccess},
    {"GET", "/v1/authorities", Endpoint::kReadAuthorities, Action::kReadAuthorities},
    {"GET", "/v1/revocations", Endpoint::kReadRevocations, Action::kReadAuthorities},
    {"POST", "/v1/requests", Endpoint::kCreateRequest, Action::kCreate},
    {"GET", "/v1/requests", Endpoint::kListRequests, Action::kList},
    {"GET", "/v1/requests/{request}", Endpoint::kShowRequest, Action::kShow},
    {"POST", "/v1/requests/{request}/extend", Endpoint::kExtendRequest, Action::kExtend},
    {"POST", "/v1/requests/{request}/complete", Endpoint::kCompleteRequest, Action::kComplete},
    {"POST", "/v1/requests/{request}/approve", Endpoint::kApproveRequest, Action::kApprove},
    {"POST", "/v1/requests/{request}/deny", Endpoint::kDenyRequest, Action::kDeny},
    {"POST", "/v1/requests/{request}/certificates", Endpoint::kCertify, Action::kCertify},
    {"POST", "/v1/requests/{request}/sessions", Endpoint::kStartSession, Action::kStartSession},
    {"POST", "/v1/requests/{request}/sessions/{session}/resume", Endpoint::kResumeSession,
     Action::kResumeSession},
    {"POST", "/v1/requests/{request}/sessions/{session}/terminate", Endpoint::kTerminateSession,
     Action::kTerminateSession},
    {"POST", "/v1/requests/{request}/sessions/{session}/report", Endpoint::kReportSession,
     Action::kReportSession},
}};

/// Takes the first segment of "/a/b".
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const auto end = std::min(path.find('/'), path.size());
  const auto segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

/// Whether the path is one of the pattern's; fills in its parameters.
bool match(std::string_view pattern, std::string_view path, RouteMatch& out) {
  while (pattern.starts_with('/') && path.starts_with('/')) {
    const auto wanted = take_segment(pattern);
    const auto given = take_segment(path);
    if (wanted == "{request}") {
      if (!is_request_id(given)) return false;
      out.request = given;
    } else if (wanted == "{session}") {
      if (!wire::aws::is_session_id(given)) return false;
      out.session = given;
    } else if (wanted != given) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

}  // namespace

std::span<const Route> routes() {
  return kRoutes;
}

Result<RouteMatch> find_route(std::string_view method, std::string_view target) {
  const auto path = target.substr(0, target.find('?'));
  bool other_method = false;
  for (const auto& route : kRoutes) {
    RouteMatch found{&route};
    if (path.size() > kMaxPath || !match(route.path, path, found)) continue;
    if (route.method == method) return found;
    other_method = true;
  }
  if (other_method) return Error{Errc::kUsage, "this path is not for that method"};
  return Error{Errc::kNotFound, "there is no such path"};
}

}  // namespace passport::service
