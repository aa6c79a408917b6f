// The routes of the API, in one table, and how a request finds its own. Pure.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "service/authorise.h"

namespace passport::service {

/// What answers a request.
enum class Endpoint {
  kHealth,
  kReady,
  kMetrics,
  kReadOpenApi,
  kReadToken,
  kRevokeToken,
  kListAccounts,
  kReadAccess,
  kReadAuthorities,
  kReadRevocations,
  kCreateRequest,
  kListRequests,
  kShowRequest,
  kExtendRequest,
  kCompleteRequest,
  kApproveRequest,
  kDenyRequest,
  kCertify,
  kStartSession,
  kResumeSession,
  kTerminateSession,
  kReportSession,
};

struct Route {
  std::string_view method;
  std::string_view path;  ///< segments in braces are parameters: "/v1/requests/{request}"
  Endpoint endpoint;
  std::optional<Action> action{};  ///< nullopt: open to everybody
};
std::span<const Route> routes();

struct RouteMatch {
  const Route* route = nullptr;
  std::string request{};  ///< of the path; empty where it has none
  std::string session{};
};

/// `target`: the origin form; what stands after '?' does not count. Errors: kNotFound: no such
/// path, or a parameter that cannot be one; kUsage: the path has other methods.
Result<RouteMatch> find_route(std::string_view method, std::string_view target);

}  // namespace passport::service
