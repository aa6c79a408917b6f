#include "service/api.h"

#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "service/logbook.h"
#include "service/published.h"
#include "service/session_report.h"
#include "service/texts.h"
#include "service/tokens.h"
#include "wire/ssh/certificate.h"

namespace passport::service {
namespace {

constexpr std::int64_t kMaxListed = 1000;
constexpr std::int64_t kMaxCertificates = 1000;  ///< of a request: each may come to be revoked
/// Bytes of labels in what somebody has access to. 10,000 instances with as many, three host
/// keys and the rest are within what the tools take (api/service_client.h).
constexpr std::size_t kMaxShownLabels = 32 << 20;
constexpr std::string_view kBearer = "Bearer ";

Error unauthenticated() {
  return {Errc::kExpired, "no token, or one that is unknown or over",
          "log in again: passport auth login"};
}

Result<ApiCall> read_call(const wire::HttpRequest& request) {
  auto match = find_route(request.method, request.target);
  if (!match) return match.error();
  ApiCall out{std::move(*match), {}, {}, {}};
  const auto authorization = wire::find_header(request.headers, "Authorization");
  if (authorization.size() > kBearer.size() &&
      equal_ignoring_case(authorization.substr(0, kBearer.size()), kBearer))
    out.token = Secret(std::string(authorization.substr(kBearer.size())));
  out.idempotency_key = wire::find_header(request.headers, "Idempotency-Key");
  if (request.body.empty() || !out.match.route->action) return out;
  auto body = parse_json_object(request.body, "body");
  if (!body) return Error{Errc::kUsage, body.error().detail};
  out.body = std::move(*body);
  return out;
}

bool changes_something(Action action) {
  return action != Action::kList && action != Action::kShow &&
         action != Action::kReadAccounts && action != Action::kReadAccess &&
         action != Action::kReadAuthorities && action != Action::kReadToken;
}

/// By how much: "duration_s", or "ends_at", which a repeated call may say again. Zero: it ends
/// then.
Result<std::chrono::seconds> read_extension(const json::object& body,
                                            const AccessRequest& request) {
  const auto now_ends = request.ends_at / kSecond;
  if (const auto* end = body.if_contains("ends_at")) {
    if (!end->is_int64() || end->get_int64() < now_ends ||
        end->get_int64() > now_ends + kLongestDuration.count())
      return Error{Errc::kUsage, fmt::format("ends_at: not from {} on", now_ends)};
    return std::chrono::seconds(end->get_int64() - now_ends);
  }
  const auto* value = body.if_contains("duration_s");
  if (value == nullptr || !value->is_int64() || value->get_int64() < kLeastDuration.count() ||
      value->get_int64() > kLongestDuration.count())
    return Error{Errc::kUsage, fmt::format("duration_s: not {} to {} seconds",
                                           kLeastDuration.count(), kLongestDuration.count())};
  return std::chrono::seconds(value->get_int64());
}

}  // namespace

/// What a call works with inside its transaction.
struct Api::Scope {
  SqlTransaction& transaction;
  const ApiCall& call;
  Subject subject;
  std::optional<StoredRequest> stored;
  json::object details{};  ///< for the Logbook
  std::string object{};    ///< for the Logbook
};

net::Task<wire::HttpResponse> Api::answer(wire::HttpRequest request) {
  auto call = read_call(request);
  wire::HttpResponse out;
  if (!call) {
    out = render(call.error());
  } else {
    const bool open = !call->match.route->action;
    const auto endpoint = call->match.route->endpoint;
    const auto action = call->match.route->action;
    auto answered = open ? act_open(endpoint) : act(std::move(*call));
    auto result = co_await std::move(answered);
    out = result ? render(*result) : render(result.error());
    if (!result)
      log(LogLevel::kInfo, "call refused status={} error=\"{}\"", out.status,
          escape_for_terminal(result.error().detail));
    if (result && action && changes_something(*action) && on_work) on_work();
  }
  ++answered_[out.status];
  co_return out;
}

net::Task<Result<ApiAnswer>> Api::act_open(Endpoint endpoint) {
  if (endpoint == Endpoint::kHealth) co_return ApiAnswer{200, {{"status", "ok"}}};
  if (endpoint == Endpoint::kReadOpenApi)
    co_return ApiAnswer{200, {}, std::string(kOpenApiText), "application/json"};
  if (endpoint == Endpoint::kReady && stopping_)
    co_return Error{Errc::kUnavailable, "the service is stopping"};
  std::function<Result<ApiAnswer>(SqlTransaction&)> job =
      [answered = answered_, endpoint, labels = label_counts ? label_counts() : LabelCounts()](
          SqlTransaction& transaction) -> Result<ApiAnswer> {
    if (endpoint == Endpoint::kMetrics) return read_metrics(transaction, answered, labels);
    const auto head = transaction.query("SELECT sequence FROM logbook_head");
    if (!head) return head.error();
    return ApiAnswer{200, {{"status", "ready"}}};
  };
  co_return co_await database_.run<ApiAnswer>(std::move(job));
}

net::Task<Result<ApiAnswer>> Api::act(ApiCall call) {
  if (call.token.empty()) co_return unauthenticated();
  const auto shared = std::make_shared<const ApiCall>(std::move(call));
  std::function<Result<ApiAnswer>(SqlTransaction&)> job =
      [this, shared](SqlTransaction& transaction) { return run(transaction, *shared); };
  auto result = co_await database_.run<ApiAnswer>(job);
  // Another call with the same key was faster: its request is the answer.
  if (!result && result.error().code == Errc::kConflict && !shared->idempotency_key.empty())
    result = co_await database_.run<ApiAnswer>(job);
  if (result && result->step) {
    if (!broker) co_return Error{Errc::kUnavailable, "no sessions are to be had here"};
    const auto endpoint = shared->match.route->endpoint;
    auto brokered = broker(endpoint, std::move(*result->step));
    result = co_await std::move(brokered);
  }
  if (result || result.error().code == Errc::kUnavailable ||
      result.error().code == Errc::kTimeout || result.error().code == Errc::kExpired)
    co_return result;
  co_return co_await log_refusal(*shared, result.error());
}

/// What was rolled back is logged in a transaction of its own; if it cannot be, that is told.
net::Task<Error> Api::log_refusal(ApiCall call, Error error) {
  const auto shared = std::make_shared<const ApiCall>(std::move(call));
  std::function<Result<bool>(SqlTransaction&)> job =
      [shared, error](SqlTransaction& transaction) -> Result<bool> {
    const auto subject = find_subject(transaction, shared->token);
    if (!subject) return subject.error();
    LogEntry entry{*subject ? (*subject)->user : "",
                   std::string(to_string(*shared->match.route->action)),
                   shared->match.request,
                   std::string(code_of(error.code)),
                   {{"why", error.detail}}};
    if (!shared->match.session.empty()) entry.details["session"] = shared->match.session;
    if (auto logged = append_log(transaction, entry); !logged) return logged.error();
    return true;
  };
  const auto logged = co_await database_.run<bool>(std::move(job));
  co_return logged ? error : logged.error();
}

Result<ApiAnswer> Api::run(SqlTransaction& transaction, const ApiCall& call) {
  auto subject = find_subject(transaction, call.token);
  if (!subject) return subject.error();
  if (!*subject) return unauthenticated();
  Scope scope{transaction, call, std::move(**subject), std::nullopt};
  const auto action = *call.match.route->action;
  Object object;
  scope.object = call.match.request;
  if (action == Action::kCreate) object.account = find_string(call.body, "account");
  if (!call.match.request.empty()) {
    auto stored = load_request(transaction, call.match.request);
    if (!stored) return stored.error();
    scope.stored = std::move(*stored);
    if (scope.stored) object = {scope.stored->request.account, scope.stored->request.owner};
  }
  if (auto may = authorise(scope.subject, action, object, config_); !may) return may.error();
  auto answer = change(scope);
  if (!answer || !changes_something(action)) return answer;
  const LogEntry entry{scope.subject.user, std::string(to_string(action)), scope.object,
                       answer->step ? "begun" : "ok", std::move(scope.details)};
  if (auto logged = append_log(transaction, entry); !logged) return logged.error();
  return answer;
}

Result<ApiAnswer> Api::change(Scope& scope) {
  const ActionContext context{config_, scope.subject, random_};
  auto& transaction = scope.transaction;
  Result<void> done;
  switch (scope.call.match.route->endpoint) {
    case Endpoint::kCreateRequest:
      return create(scope);
    case Endpoint::kListRequests:
      return list(scope);
    case Endpoint::kListAccounts:
      return list_accounts(scope);
    case Endpoint::kReadAccess:
      return read_access(scope);
    case Endpoint::kReadToken:
      return read_token(scope);
    case Endpoint::kRevokeToken:
      done = revoke_token(transaction, scope.call.token);
      if (!done) return done.error();
      return ApiAnswer{200, {{"user", scope.subject.user}, {"state", "revoked"}}};
    case Endpoint::kReadAuthorities:
      return read_authorities();
    case Endpoint::kReadRevocations:
      return read_revocations(scope.transaction);
    case Endpoint::kCertify:
      return certify(scope);
    case Endpoint::kStartSession:
    case Endpoint::kResumeSession:
    case Endpoint::kTerminateSession:
      return plan_session(scope);
    case Endpoint::kReportSession: {
      auto details = report_session(transaction, scope.stored->request.id,
                                    scope.call.match.session, scope.call.body);
      if (!details) return details.error();
      scope.details = std::move(*details);
      return ApiAnswer{200, {{"session", scope.call.match.session}}};
    }
    case Endpoint::kExtendRequest: {
      const auto by = read_extension(scope.call.body, scope.stored->request);
      if (!by) return by.error();
      if (by->count() == 0) break;
      scope.details["duration_s"] = by->count();
      done = extend_request(transaction, context, *scope.stored, *by);
      break;
    }
    case Endpoint::kCompleteRequest:
      done = complete_request(transaction, context, *scope.stored);
      break;
    case Endpoint::kApproveRequest:
      done = approve_request(transaction, context, *scope.stored);
      break;
    case Endpoint::kDenyRequest:
      done = deny_request(transaction, *scope.stored);
      break;
    default:
      break;
  }
  if (!done) return done.error();
  return show(scope);
}

Result<ApiAnswer> Api::show(Scope& scope) {
  const auto instances = load_instances(scope.transaction, scope.stored->request.id);
  if (!instances) return instances.error();
  return ApiAnswer{200, describe_request(scope.stored->request, *instances, config_)};
}

Result<ApiAnswer> Api::create(Scope& scope) {
  const auto wanted = parse_new_request(scope.call.body);
  if (!wanted) return wanted.error();
  const ActionContext context{config_, scope.subject, random_};
  auto request =
      create_request(scope.transaction, context, *wanted, scope.call.idempotency_key);
  if (!request) return request.error();
  const auto instances = load_instances(scope.transaction, request->id);
  if (!instances) return instances.error();
  scope.object = request->id;
  scope.details = scope.call.body;
  return ApiAnswer{201, describe_request(*request, *instances, config_)};
}

Result<ApiAnswer> Api::list(Scope& scope) {
  std::vector<std::string> accounts;
  for (const auto& [id, account] : config_.accounts)
    if (role_in(scope.subject, account) != Role::kNone) accounts.push_back(id);
  const auto requests =
      list_requests(scope.transaction, scope.subject.user, accounts, kMaxListed);
  if (!requests) return requests.error();
  json::array out;
  for (const auto& request : *requests) out.push_back(describe_request(request));
  return ApiAnswer{200, {{"requests", std::move(out)}}};
}

/// With two queries, however many there are.
Result<ApiAnswer> Api::read_access(Scope& scope) const {
  const auto& user = scope.subject.user;
  const auto requests = list_open_requests(scope.transaction, user, kMaxListed);
  if (!requests) return requests.error();
  auto instances = load_open_instances(scope.transaction, user);
  if (!instances) return instances.error();
  json::array out;
  std::size_t labels = 0;
  for (const auto& request : *requests) {
    auto& own = (*instances)[request.id];
    for (auto& instance : own) {
      labels += instance.labels.size();
      if (labels > kMaxShownLabels) instance.labels.clear();
    }
    out.push_back(describe_request(request, own, config_));
  }
  return ApiAnswer{200, {{"user", user}, {"requests", std::move(out)}}};
}

Result<ApiAnswer> Api::list_accounts(const Scope& scope) const {
  json::array out;
  for (const auto& [id, account] : config_.accounts) {
    const auto role = role_in(scope.subject, account);
    if (role == Role::kNone) continue;
    json::array regions;
    for (const auto& region : account.regions) regions.emplace_back(region);
    out.push_back({{"id", id}, {"regions", std::move(regions)}, {"role", to_string(role)}});
  }
  return ApiAnswer{200, {{"accounts", std::move(out)}}};
}

Result<ApiAnswer> Api::read_token(Scope& scope) {
  const auto end = find_token_end(scope.transaction, scope.call.token);
  if (!end) return end.error();
  json::array groups;
  for (const auto& group : scope.subject.groups) groups.emplace_back(group);
  return ApiAnswer{200,
                   {{"user", scope.subject.user},
                    {"groups", std::move(groups)},
                    {"expires_at", *end / kSecond}}};
}

Result<ApiAnswer> Api::certify(Scope& scope) {
  const auto key = wire::ssh::parse_public_key_line(find_string(scope.call.body, "public_key"));
  if (!key) return Error{Errc::kUsage, "public_key: " + key.error().detail};
  const auto terms = find_terms(scope.stored->request, scope.transaction.now());
  if (!terms) return terms.error();
  const auto before = scope.transaction.query(
      "SELECT count(*) FROM certificate WHERE request = $1", {scope.stored->request.id});
  if (!before) return before.error();
  if (before->at(0).integer(0) >= kMaxCertificates)
    return Error{Errc::kConflict, fmt::format("{} has {} certificates, and can have no more",
                                              scope.stored->request.id, kMaxCertificates)};
  Result<std::vector<std::string>> lines = std::vector<std::string>();
  {
    const std::lock_guard lock(authorities_mutex_);
    lines = authorities_.certify(*key, *terms);
  }
  if (!lines) return lines.error();
  json::array certificates;
  for (const auto& line : *lines) {
    const auto blob = wire::ssh::parse_certificate_line(line);
    if (!blob) return blob.error();
    const auto made = wire::ssh::parse_certificate(*blob);
    if (!made) return made.error();
    const auto kept = scope.transaction.query(
        "INSERT INTO certificate (request, serial, ca, ends_at) VALUES ($1, $2, $3, $4)",
        {scope.stored->request.id, std::to_string(made->fields.serial),
         render_public_key(made->ca_key, ""), terms->valid_before * kSecond});
    if (!kept) return kept.error();
    certificates.emplace_back(line);
  }
  scope.details["fingerprint"] = wire::ssh::fingerprint(key->blob);
  scope.details["valid_before"] = terms->valid_before;
  return ApiAnswer{
      200, {{"certificates", std::move(certificates)}, {"valid_before", terms->valid_before}}};
}

/// Starting and resuming are for an active request; ending always is.
Result<ApiAnswer> Api::plan_session(Scope& scope) {
  const auto& request = scope.stored->request;
  const auto endpoint = scope.call.match.route->endpoint;
  const bool opens =
      endpoint == Endpoint::kStartSession || endpoint == Endpoint::kResumeSession;
  if (opens &&
      (request.state != RequestState::kActive || scope.transaction.now() >= request.ends_at))
    return Error{Errc::kConflict,
                 fmt::format("{} is not active but {}", request.id, to_string(request.state))};
  ApiAnswer answer;
  answer.step =
      SessionStep{request, find_string(scope.call.body, "instance"), scope.call.match.session};
  const bool starts = endpoint == Endpoint::kStartSession;
  const auto known = scope.transaction.query(
      starts ? "SELECT instance FROM request_instance WHERE request = $1 AND instance = $2 AND "
               "state IN ('active', 'waiting', 'provisioning')"
             : "SELECT instance FROM ssm_session WHERE request = $1 AND id = $2 AND ended_at = "
               "0",
      {request.id, starts ? answer.step->instance : answer.step->session});
  if (!known) return known.error();
  if (known->empty())
    return Error{Errc::kConflict,
                 starts ? "instance: none of this request, or there is no user on it"
                        : "the session is not one of this request, or it has ended"};
  answer.step->instance = known->at(0).text(0);
  scope.details["instance"] = answer.step->instance;
  if (!starts) scope.details["session"] = answer.step->session;
  return answer;
}

Result<ApiAnswer> Api::read_authorities() {
  json::array out;
  for (const auto& key : authorities_.trusted()) out.emplace_back(render_public_key(key, ""));
  return ApiAnswer{200, {{"authorities", std::move(out)}}};
}

}  // namespace passport::service
