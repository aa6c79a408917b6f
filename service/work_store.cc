#include "service/work_store.h"

namespace passport::service {
namespace {

Result<void> done(const Result<SqlRows>& rows) {
  if (!rows) return rows.error();
  return {};
}

}  // namespace

Result<std::optional<Claim>> claim_work(SqlTransaction& transaction) {
  const auto now = transaction.now();
  const auto due = transaction.query(
      std::string(
          "SELECT id FROM access_request WHERE state IN ('provisioning', 'active', "
          "'completing') AND next_at <= $1 AND lease_until < $1 ORDER BY next_at LIMIT 1") +
          transaction.skip_locked(),
      {now});
  if (!due) return due.error();
  if (due->empty()) return std::optional<Claim>();
  const auto id = due->at(0).text(0);
  const auto taken = transaction.query(
      "UPDATE access_request SET lease_until = $2, fence = fence + 1 WHERE id = $1 "
      "RETURNING fence",
      {id, now + kLease});
  if (!taken) return taken.error();
  return std::optional(Claim{id, taken->at(0).integer(0)});
}

Result<std::optional<StoredRequest>> load_claimed(SqlTransaction& transaction,
                                                  const Claim& claim) {
  auto stored = load_request(transaction, claim.request);
  if (!stored || !*stored) return stored;
  const auto rows =
      transaction.query("SELECT fence FROM access_request WHERE id = $1", {claim.request});
  if (!rows) return rows.error();
  if (rows->at(0).integer(0) != claim.fence) return std::optional<StoredRequest>();
  return stored;
}

Result<void> release_work(SqlTransaction& transaction, const Claim& claim, Millis next_at) {
  return done(transaction.query(
      "UPDATE access_request SET lease_until = 0, next_at = $3 WHERE id = $1 AND fence = $2",
      {claim.request, claim.fence, next_at}));
}

Result<std::vector<std::string>> list_open_sessions(SqlTransaction& transaction,
                                                    const std::string& request) {
  const auto rows = transaction.query(
      "SELECT id FROM ssm_session WHERE request = $1 AND ended_at = 0 ORDER BY id", {request});
  if (!rows) return rows.error();
  std::vector<std::string> out;
  for (const auto& row : *rows) out.push_back(row.text(0));
  return out;
}

Result<void> end_session(SqlTransaction& transaction, const std::string& session,
                         const std::string& reason) {
  return done(transaction.query(
      "UPDATE ssm_session SET ended_at = $2, reason = $3 WHERE id = $1 AND ended_at = 0",
      {session, transaction.now(), reason}));
}

}  // namespace passport::service
