#include "aws/metadata_service.h"

#include <algorithm>

#include "aws/shared_files.h"
#include "base/text.h"
#include "wire/aws/credential_messages.h"
#include "wire/aws/endpoint.h"

namespace passport::aws {
namespace {

using wire::HttpRequest;
using wire::HttpResponse;
using wire::aws::Location;

constexpr std::chrono::seconds kAnswerTime{5};
constexpr std::chrono::seconds kInstanceAnswerTime{1};
constexpr int kTries = 3;
constexpr std::size_t kMaxTokenFile = 16 << 10;

Error unusable(std::string detail) {
  return {Errc::kConfig, std::move(detail)};
}

Found as_found(Credentials credentials) {
  return std::optional(std::move(credentials));
}
Found nothing() {
  return std::optional<Credentials>();
}

/// Sends until there is an answer that is not a failure of the service's own.
net::Task<Result<HttpResponse>> ask(const World& world, Location where, HttpRequest request,
                                    std::chrono::seconds answer_time, net::Deadline deadline) {
  constexpr std::chrono::milliseconds kDelay{200};
  request.target = where.target;
  for (int tries = 1;; ++tries) {
    const auto end = std::min(deadline, net::deadline_in(answer_time));
    auto response = co_await world.send(where.endpoint, request, end);
    const bool good = response && response->status / 100 != 5;
    if (good || tries == kTries || std::chrono::steady_clock::now() + kDelay >= deadline)
      co_return response;
    co_await world.sleep(kDelay);
  }
}

Found read_answer(const Result<HttpResponse>& response, const std::string& source) {
  if (!response) return Error{Errc::kUnavailable, source + ": " + response.error().detail};
  if (response->status != 200)
    return Error{Errc::kUnavailable,
                 source + ": it answered " + std::to_string(response->status)};
  auto key = wire::aws::parse_metadata_credentials(response->body);
  if (!key) return Error{Errc::kUnavailable, source + ": " + key.error().detail};
  return as_found({std::move(key->key), key->expires, source});
}

bool may_go_plain(const std::string& host) {
  return wire::is_loopback(host) || host == "169.254.170.2" || host == "169.254.170.23" ||
         host == "fd00:ec2::23";
}

Result<Location> container_location(const std::string& relative, const std::string& full) {
  const bool by_path = !relative.empty();
  const auto name = by_path ? std::string("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
                            : std::string("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (by_path && relative.front() != '/') return unusable(name + " does not start with '/'");
  auto location = wire::aws::parse_location(by_path ? "http://169.254.170.2" + relative : full);
  if (!location) return unusable(name + ": " + location.error().detail);
  if (location->websocket) return unusable(name + ": its scheme is not http or https");
  const auto& host = location->endpoint.host;
  if (!location->endpoint.tls && !may_go_plain(host))
    return unusable(name + ": plain http to \"" + escape_for_terminal(host, 253) +
                    "\" is not allowed, which is neither loopback nor a container service");
  return location;
}

/// The Authorization to send; empty: none.
Result<Secret> container_authorization(const Environment& environment) {
  auto token = find_variable(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
  const auto file = find_variable(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (!file.empty()) {
    auto text = load_file(file, kMaxTokenFile);
    if (!text)
      return unusable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: " + text.error().detail);
    token = std::move(*text);
    while (token.ends_with('\n') || token.ends_with('\r')) token.pop_back();
  }
  if (token.find_first_of("\r\n") != std::string::npos)
    return unusable("the container authorization token has more than one line");
  return Secret(std::move(token));
}

std::string instance_endpoint(const Environment& environment, std::string configured) {
  auto url = find_variable(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (url.empty()) url = std::move(configured);
  if (!url.empty()) return url;
  const auto mode = find_variable(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
  return mode == "IPv6" || mode == "ipv6" ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
}

bool is_switched_off(const Environment& environment) {
  return equal_ignoring_case(find_variable(environment, "AWS_EC2_METADATA_DISABLED"), "true");
}

Location at_path(const wire::Endpoint& endpoint, std::string_view path) {
  Location out;
  out.endpoint = endpoint;
  out.endpoint.path.clear();
  out.target = endpoint.path + std::string(path);
  return out;
}

HttpRequest with_token(std::string_view token) {
  HttpRequest request;
  request.headers.emplace_back("X-aws-ec2-metadata-token", token);
  return request;
}

/// A role's name as it may stand in a path: the first line of the list.
std::string read_role(std::string_view list) {
  auto name = std::string(list.substr(0, list.find('\n')));
  while (!name.empty() && (name.back() == '\r' || name.back() == ' ')) name.pop_back();
  const bool good = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("+=,.@_-").find(c) != std::string_view::npos;
  });
  return good && name.size() <= 128 ? name : std::string();
}

}  // namespace

net::Task<Found> find_container_credentials(const World& world, net::Deadline deadline) {
  const auto relative =
      find_variable(world.environment, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const auto full = find_variable(world.environment, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (relative.empty() && full.empty()) co_return nothing();
  const auto location = container_location(relative, full);
  if (!location) co_return location.error();
  const auto authorization = container_authorization(world.environment);
  if (!authorization) co_return authorization.error();
  HttpRequest request;
  request.headers.emplace_back("Accept", "application/json");
  if (!authorization->empty())
    request.headers.emplace_back("Authorization", authorization->reveal());
  const auto response = co_await ask(world, *location, request, kAnswerTime, deadline);
  co_return read_answer(response, "container credentials service");
}

net::Task<Found> find_instance_credentials(const World& world, std::string endpoint,
                                           std::string& why_not, net::Deadline deadline) {
  const std::string source = "instance metadata";
  constexpr std::string_view kRoles = "/latest/meta-data/iam/security-credentials/";
  why_not = "switched off";
  if (is_switched_off(world.environment)) co_return nothing();
  const auto url = instance_endpoint(world.environment, std::move(endpoint));
  const auto address = wire::aws::parse_endpoint(url);
  if (!address) co_return unusable(source + ": " + address.error().detail);

  HttpRequest opening;
  opening.method = "PUT";
  opening.target = address->path + "/latest/api/token";
  opening.headers.emplace_back("X-aws-ec2-metadata-token-ttl-seconds", "21600");
  auto plain = *address;
  plain.path.clear();
  const auto end = std::min(deadline, net::deadline_in(kInstanceAnswerTime));
  const auto token = co_await world.send(plain, opening, end);
  why_not = "not there";
  if (!token) co_return nothing();
  why_not = "it gives no token";
  if (token->status != 200 || token->body.empty() ||
      token->body.find_first_of("\r\n") != std::string::npos)
    co_return nothing();

  auto request = with_token(token->body);
  const auto roles =
      co_await ask(world, at_path(*address, kRoles), request, kAnswerTime, deadline);
  why_not = "no role";
  if (roles && roles->status == 404) co_return nothing();
  if (!roles || roles->status != 200) co_return read_answer(roles, source);
  const auto role = read_role(roles->body);
  if (role.empty()) co_return nothing();
  const auto where = at_path(*address, std::string(kRoles) + role);
  const auto response = co_await ask(world, where, request, kAnswerTime, deadline);
  co_return read_answer(response, source + " (role " + role + ")");
}

}  // namespace passport::aws
