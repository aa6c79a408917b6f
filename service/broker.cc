#include "service/broker.h"

#include <fmt/format.h>

#include "aws/target_fault.h"
#include "service/fail_point.h"
#include "service/logbook.h"

namespace passport::service {
namespace {

constexpr const char* kDocument = "AWS-StartSSHSession";
constexpr const char* kPort = "22";

Result<bool> append(SqlTransaction& transaction, const SessionStep& step,
                    const std::string& action, json::object details) {
  details["instance"] = step.instance;
  details["session"] = step.session;
  auto logged = append_log(
      transaction, {step.request.owner, action, step.request.id, "ok", std::move(details)});
  if (!logged) return logged.error();
  return true;
}

/// The request may have ended while AWS was asked.
Result<void> check_active(SqlTransaction& transaction, const SessionStep& step) {
  const auto stored = load_request(transaction, step.request.id);
  if (!stored) return stored.error();
  if (!*stored || (*stored)->request.state != RequestState::kActive ||
      transaction.now() >= (*stored)->request.ends_at)
    return Error{Errc::kConflict, step.request.id + " has ended"};
  return {};
}

Result<bool> insert(SqlTransaction& transaction, const SessionStep& step) {
  if (auto active = check_active(transaction, step); !active) return active.error();
  const auto inserted = transaction.query(
      "INSERT INTO ssm_session (id, request, instance, document, started_at) "
      "VALUES ($1, $2, $3, $4, $5)",
      {step.session, step.request.id, step.instance, std::string(kDocument),
       transaction.now()});
  if (!inserted) return inserted.error();
  return append(transaction, step, "session.start", {});
}

Result<bool> note_resume(SqlTransaction& transaction, const SessionStep& step) {
  if (auto active = check_active(transaction, step); !active) return active.error();
  const auto updated = transaction.query(
      "UPDATE ssm_session SET resumes = resumes + 1 WHERE id = $1 AND ended_at = 0 RETURNING "
      "id",
      {step.session});
  if (!updated) return updated.error();
  if (updated->empty()) return Error{Errc::kConflict, "the session has ended"};
  return append(transaction, step, "session.resume", {});
}

Result<bool> note_end(SqlTransaction& transaction, const SessionStep& step) {
  if (auto ended = end_session(transaction, step.session, "ended by its owner"); !ended)
    return ended.error();
  return append(transaction, step, "session.terminate", {});
}

using Job = std::function<Result<bool>(SqlTransaction&)>;

Job with(Result<bool> (*note)(SqlTransaction&, const SessionStep&), const SessionStep& step) {
  return [note, step](SqlTransaction& transaction) { return note(transaction, step); };
}

/// AWS's no, for somebody who has no credentials of AWS's.
Error refused(const Error& error, std::string_view action, const SessionStep& step) {
  auto out = error;
  out.hint.clear();
  if (error.code == Errc::kDenied) {
    out.detail = fmt::format("{} on {}: account {} does not allow it: {}", action,
                             step.instance, step.request.account, error.detail);
    out.hint = "who administers IAM there can";
  }
  // Those that are over are the service's own: to log in again would not help.
  if (error.code == Errc::kExpired) out.code = Errc::kUnavailable;
  return out;
}

}  // namespace

net::Task<Result<ApiAnswer>> Broker::take(Endpoint endpoint, SessionStep step) {
  switch (endpoint) {
    case Endpoint::kStartSession:
      return start(std::move(step));
    case Endpoint::kResumeSession:
      return resume(std::move(step));
    default:
      return terminate(std::move(step));
  }
}

net::Task<Result<ApiAnswer>> Broker::start(SessionStep step) {
  const auto& account = config_.accounts.at(step.request.account);
  auto client = access_.narrowed(account, step.request, step.instance, kDocument);
  if (!client) co_return client.error();
  aws::StartSessionRequest wanted;
  wanted.target = step.instance;
  wanted.document_name = kDocument;
  wanted.parameters = {{"portNumber", {kPort}}};
  wanted.reason = "Passport " + step.request.id;
  auto session =
      co_await (*client)->ssm().start_session(std::move(wanted), net::deadline_in(kCallTime));
  if (!session && session.service_code() == "TargetNotConnected") {
    auto explaining = explain(session.error(), std::move(step));
    co_return co_await std::move(explaining);
  }
  if (!session) co_return refused(session.error(), "ssm:StartSession", step);
  fail_point("session started");
  step.session = session->session_id;
  const auto noted = co_await database_.run<bool>(with(insert, step));
  if (!noted) {
    // Nobody is told of it, so nobody can use it; better still that it is not there.
    (void)co_await (*client)->ssm().terminate_session(step.session,
                                                      net::deadline_in(kCallTime));
    co_return noted.error();
  }
  auto handed = hand_out(std::move(step), std::move(*client), std::move(*session));
  co_return co_await std::move(handed);
}

/// Since when an instance is not connected, and what there is to do, as far as it is known.
net::Task<Error> Broker::explain(Error failure, SessionStep step) {
  const auto& region = step.request.region;
  auto& ssm = access_.provisioning(config_.accounts.at(step.request.account), region);
  const auto known =
      co_await ssm.describe_instance(step.instance, net::deadline_in(kExplainTime));
  if (!known) co_return failure;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  auto fault = aws::find_target_fault(step.instance, region, *known, now);
  if (!fault) co_return failure;
  const auto name = step.instance + ": ";  // whoever asked says it
  if (fault->detail.starts_with(name)) fault->detail.erase(0, name.size());
  co_return *fault;
}

net::Task<Result<ApiAnswer>> Broker::resume(SessionStep step) {
  const auto& account = config_.accounts.at(step.request.account);
  auto client = access_.narrowed(account, step.request, {}, {});
  if (!client) co_return client.error();
  auto session =
      co_await (*client)->ssm().resume_session(step.session, net::deadline_in(kCallTime));
  if (!session) co_return refused(session.error(), "ssm:ResumeSession", step);
  const auto noted = co_await database_.run<bool>(with(note_resume, step));
  if (!noted) co_return noted.error();
  auto handed = hand_out(std::move(step), std::move(*client), std::move(*session));
  co_return co_await std::move(handed);
}

/// The token opens one connection, and only that; it is in no log.
net::Task<Result<ApiAnswer>> Broker::hand_out(SessionStep step, Client client,
                                              aws::Session session) {
  const auto url =
      co_await client->ssm().presign_stream(session, kUrlLife, net::deadline_in(kCallTime));
  if (!url) co_return url.error();
  ApiAnswer answer;
  answer.body = {{"session", step.session},
                 {"region", step.request.region},
                 {"stream_url", *url},
                 {"token", session.token.reveal()}};
  co_return answer;
}

net::Task<Result<ApiAnswer>> Broker::terminate(SessionStep step) {
  const auto& account = config_.accounts.at(step.request.account);
  auto client = access_.narrowed(account, step.request, {}, {});
  if (!client) co_return client.error();
  const auto ended =
      co_await (*client)->ssm().terminate_session(step.session, net::deadline_in(kCallTime));
  if (!ended) co_return refused(ended.error(), "ssm:TerminateSession", step);
  const auto noted = co_await database_.run<bool>(with(note_end, step));
  if (!noted) co_return noted.error();
  ApiAnswer answer;
  answer.body = {{"session", step.session}, {"state", "ended"}};
  co_return answer;
}

}  // namespace passport::service
