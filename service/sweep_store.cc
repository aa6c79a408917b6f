#include "service/sweep_store.h"

#include <algorithm>

#include <fmt/format.h>

#include "service/logbook.h"
#include "wire/aws/command_messages.h"

namespace passport::service {
namespace {

Result<void> done(const Result<SqlRows>& rows) {
  if (!rows) return rows.error();
  return {};
}

Result<void> load_live(SqlTransaction& transaction, SweepBatch& batch) {
  std::vector<SqlValue> parameters{batch.account, batch.region};
  std::string places;
  for (const auto& instance : batch.instances) {
    parameters.emplace_back(instance);
    places += fmt::format("{}${}", places.empty() ? "" : ", ", parameters.size());
  }
  const auto rows = transaction.query(
      "SELECT DISTINCT r.linux_user FROM access_request r JOIN request_instance i "
      "ON i.request = r.id WHERE r.account = $1 AND r.region = $2 AND r.state IN "
      "('provisioning', 'active', 'completing') AND i.instance IN (" +
          places + ")",
      parameters);
  if (!rows) return rows.error();
  for (const auto& row : *rows) batch.live.push_back(row.text(0));
  return {};
}

}  // namespace

Result<void> plan_sweeps(SqlTransaction& transaction, const std::string& request) {
  const auto now = transaction.now();
  return done(transaction.query(
      "INSERT INTO instance_sweep (account, region, instance, next_at, until) "
      "SELECT r.account, r.region, i.instance, CASE WHEN i.error = '' THEN CAST($2 AS BIGINT) "
      "ELSE CAST($3 AS BIGINT) END, CAST($4 AS BIGINT) "
      "FROM request_instance i JOIN access_request r ON r.id = i.request "
      "WHERE i.request = $1 AND i.attempts + i.generation > 0 "
      "ON CONFLICT (account, region, instance) DO UPDATE SET until = excluded.until, "
      "next_at = CASE WHEN excluded.next_at < instance_sweep.next_at THEN excluded.next_at "
      "ELSE instance_sweep.next_at END",
      {request, now + kSweepEach, now, now + kSweepFor}));
}

Result<std::optional<SweepBatch>> claim_sweep(SqlTransaction& transaction) {
  const auto now = transaction.now();
  auto old = transaction.query("DELETE FROM instance_sweep WHERE until < $1", {now});
  if (!old) return old.error();
  const auto first = transaction.query(
      "SELECT account, region FROM instance_sweep WHERE next_at <= $1 ORDER BY next_at LIMIT 1",
      {now});
  if (!first) return first.error();
  if (first->empty()) return std::optional<SweepBatch>();
  SweepBatch out{first->at(0).text(0), first->at(0).text(1), {}, {}, now};
  const auto due = transaction.query(
      fmt::format("SELECT instance FROM instance_sweep WHERE account = $1 AND region = $2 AND "
                  "next_at <= $3 ORDER BY next_at LIMIT {}{}",
                  wire::aws::kMaxCommandTargets, transaction.skip_locked()),
      {out.account, out.region, now});
  if (!due) return due.error();
  if (due->empty()) return std::optional<SweepBatch>();  // another process has them
  for (const auto& row : *due) {
    out.instances.push_back(row.text(0));
    const auto taken = transaction.query(
        "UPDATE instance_sweep SET next_at = $4 WHERE account = $1 AND region = $2 AND "
        "instance = $3",
        {out.account, out.region, row.text(0), now + kSweepLease});
    if (!taken) return taken.error();
  }
  if (auto loaded = load_live(transaction, out); !loaded) return loaded.error();
  return std::optional(std::move(out));
}

Result<void> take_sweep(SqlTransaction& transaction, const SweepBatch& batch,
                        const std::string& instance,
                        const std::optional<ScriptAnswer>& answer) {
  const bool swept = answer && answer->outcome == ScriptOutcome::kSwept && answer->failed == 0;
  const auto before = transaction.query(
      "SELECT failures FROM instance_sweep WHERE account = $1 AND region = $2 AND instance = "
      "$3",
      {batch.account, batch.region, instance});
  if (!before) return before.error();
  const auto failures = before->empty() ? 0 : before->at(0).integer(0);
  const auto pause =
      std::min(kSweepAgain << std::min<std::int64_t>(failures, 8), kSweepLongestPause);
  auto updated = done(transaction.query(
      "UPDATE instance_sweep SET next_at = $4, failures = $5 WHERE account = $1 AND "
      "region = $2 AND instance = $3",
      {batch.account, batch.region, instance, transaction.now() + (swept ? kSweepEach : pause),
       swept ? 0 : failures + 1}));
  if (!updated || !answer || answer->removed == 0) return updated;
  json::array users;
  for (const auto& user : answer->users) users.emplace_back(user);
  return append_log(transaction, {"passportd",
                                  "user.sweep",
                                  instance,
                                  "ok",
                                  {{"account", batch.account},
                                   {"region", batch.region},
                                   {"removed", answer->removed},
                                   {"users", std::move(users)}}});
}

}  // namespace passport::service
