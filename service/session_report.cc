#include "service/session_report.h"

#include "base/text.h"

namespace passport::service {
namespace {

constexpr std::size_t kMaxReason = 200;  ///< bytes

struct Claims {
  std::int64_t bytes_sent = 0;
  std::int64_t bytes_received = 0;
  std::int64_t resumes = 0;
  std::string reason{};
};

Result<Claims> read_claims(const json::object& body) {
  Claims out;
  const std::pair<std::string_view, std::int64_t*> counts[] = {
      {"bytes_sent", &out.bytes_sent},
      {"bytes_received", &out.bytes_received},
      {"resumes", &out.resumes}};
  for (const auto& [field, into] : counts) {
    const auto* value = body.if_contains(field);
    if (value == nullptr || !value->is_int64() || value->get_int64() < 0)
      return Error{Errc::kUsage, std::string(field) + ": not a number from 0 on"};
    *into = value->get_int64();
  }
  out.reason = escape_for_terminal(find_string(body, "reason"), kMaxReason);
  return out;
}

}  // namespace

Result<json::object> report_session(SqlTransaction& transaction, const std::string& request,
                                    const std::string& session, const json::object& body) {
  const auto claims = read_claims(body);
  if (!claims) return claims.error();
  const auto known = transaction.query(
      "SELECT instance FROM ssm_session WHERE request = $1 AND id = $2", {request, session});
  if (!known) return known.error();
  if (known->empty()) return Error{Errc::kConflict, "the session is not one of this request"};
  const auto inserted = transaction.query(
      "INSERT INTO session_report (session, reported_at, bytes_sent, bytes_received, resumes, "
      "reason) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (session) DO NOTHING "
      "RETURNING session",
      {session, transaction.now(), claims->bytes_sent, claims->bytes_received, claims->resumes,
       claims->reason});
  if (!inserted) return inserted.error();
  if (inserted->empty()) return Error{Errc::kConflict, "the session was reported before"};
  return json::object{{"session", session},
                      {"instance", known->at(0).text(0)},
                      {"claimed", json::object{{"bytes_sent", claims->bytes_sent},
                                               {"bytes_received", claims->bytes_received},
                                               {"resumes", claims->resumes},
                                               {"reason", claims->reason}}}};
}

}  // namespace passport::service
