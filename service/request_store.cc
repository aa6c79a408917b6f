#include "service/request_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace passport::service {
namespace {

constexpr const char* kColumns =
    "id, account, region, owner, linux_user, reason, ticket, key_type, duration, state, "
    "approvals_needed, break_glass, created_at, activated_at, ends_at, finished_at, "
    "generation, "
    "ended_by";
constexpr std::size_t kEndedBy = 17;
constexpr const char* kSelectInstances =
    "SELECT i.instance, i.state, i.generation, command, attempts, next_try_at, error, "
    "host_keys, sshd_version, home, told, l.labels, i.request FROM request_instance i "
    "JOIN access_request r ON r.id = i.request LEFT JOIN instance_label l ON l.account = "
    "r.account AND l.region = r.region AND l.instance = i.instance";
constexpr std::size_t kRequest = 12;
/// As the index access_request_open has it.
constexpr const char* kOpen = "state IN ('pending', 'provisioning', 'active', 'completing')";

Result<AccessRequest> read_request(const SqlRow& row) {
  AccessRequest out;
  std::size_t column = 0;
  for (auto* text : {&out.id, &out.account, &out.region, &out.owner, &out.linux_user,
                     &out.reason, &out.ticket, &out.key_type})
    *text = row.text(column++);
  out.duration = row.integer(column++);
  const auto state = find_request_state(row.text(column++));
  if (!state) return Error{Errc::kInternal, "database: a request in no known state"};
  out.state = *state;
  out.approvals_needed = row.integer(column++);
  out.break_glass = row.integer(column++) != 0;
  for (auto* number :
       {&out.created_at, &out.activated_at, &out.ends_at, &out.finished_at, &out.generation})
    *number = row.integer(column++);
  return out;
}

Result<std::vector<AccessRequest>> read_requests(const SqlRows& rows) {
  std::vector<AccessRequest> out;
  for (const auto& row : rows) {
    auto request = read_request(row);
    if (!request) return request.error();
    out.push_back(std::move(*request));
  }
  return out;
}

Result<RequestInstance> read_instance(const SqlRow& row) {
  const auto state = find_instance_state(row.text(1));
  if (!state) return Error{Errc::kInternal, "database: an instance in no known state"};
  return RequestInstance{row.text(0),    *state,         row.integer(2), row.text(3),
                         row.integer(4), row.integer(5), row.text(6),    row.text(7),
                         row.text(8),    row.text(9),    row.text(10),   row.text(11)};
}

Result<void> done(const Result<SqlRows>& rows) {
  if (!rows) return rows.error();
  return {};
}

SqlValue name(RequestState state) {
  return std::string(to_string(state));
}

}  // namespace

Result<std::optional<StoredRequest>> load_request(SqlTransaction& transaction,
                                                  const std::string& id) {
  const auto rows =
      transaction.query(fmt::format("SELECT {} FROM access_request WHERE id = $1{}", kColumns,
                                    transaction.for_update()),
                        {id});
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<StoredRequest>();
  auto request = read_request(rows->at(0));
  if (!request) return request.error();
  return std::optional(StoredRequest{std::move(*request), rows->at(0).text(kEndedBy)});
}

Result<std::optional<IdempotentRequest>> find_idempotent(SqlTransaction& transaction,
                                                         const std::string& owner,
                                                         const std::string& key) {
  const auto rows = transaction.query(
      "SELECT id, idempotency_digest FROM access_request WHERE owner = $1 AND "
      "idempotency_key = $2",
      {owner, key});
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<IdempotentRequest>();
  return std::optional(IdempotentRequest{rows->at(0).text(0), rows->at(0).text(1)});
}

Result<void> insert_request(SqlTransaction& transaction, const AccessRequest& r,
                            const std::vector<std::string>& instances,
                            const std::string& idempotency_key, const std::string& digest) {
  const SqlValue key =
      idempotency_key.empty() ? SqlValue(std::monostate{}) : SqlValue(idempotency_key);
  const auto inserted = transaction.query(
      "INSERT INTO access_request (id, account, region, owner, linux_user, reason, ticket, "
      "key_type, duration, state, approvals_needed, break_glass, created_at, activated_at, "
      "ends_at, generation, idempotency_key, idempotency_digest, next_at) VALUES ($1, $2, $3, "
      "$4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $13)",
      {r.id, r.account, r.region, r.owner, r.linux_user, r.reason, r.ticket, r.key_type,
       r.duration, name(r.state), r.approvals_needed, std::int64_t{r.break_glass ? 1 : 0},
       r.created_at, r.activated_at, r.ends_at, r.generation, key, digest});
  if (!inserted) return inserted.error();
  for (const auto& instance : instances) {
    const auto added = transaction.query(
        "INSERT INTO request_instance (request, instance, state) VALUES ($1, $2, 'waiting')",
        {r.id, instance});
    if (!added) return added.error();
  }
  return {};
}

Result<void> update_request(SqlTransaction& transaction, const StoredRequest& stored) {
  const auto& r = stored.request;
  return done(
      transaction.query("UPDATE access_request SET state = $2, activated_at = $3, ends_at = "
                        "$4, finished_at = $5, "
                        "generation = $6, ended_by = $7, next_at = $8 WHERE id = $1",
                        {r.id, name(r.state), r.activated_at, r.ends_at, r.finished_at,
                         r.generation, stored.ended_by, transaction.now()}));
}

Result<std::vector<RequestInstance>> load_instances(SqlTransaction& transaction,
                                                    const std::string& request) {
  const auto rows = transaction.query(
      fmt::format("{} WHERE i.request = $1 ORDER BY i.instance", kSelectInstances), {request});
  if (!rows) return rows.error();
  std::vector<RequestInstance> out;
  for (const auto& row : *rows) {
    auto instance = read_instance(row);
    if (!instance) return instance.error();
    out.push_back(std::move(*instance));
  }
  return out;
}

Result<void> update_instance(SqlTransaction& transaction, const std::string& request,
                             const RequestInstance& i) {
  return done(transaction.query(
      "UPDATE request_instance SET state = $3, generation = $4, command = $5, attempts = $6, "
      "next_try_at = $7, error = $8, host_keys = $9, sshd_version = $10, home = $11, told = "
      "$12 "
      "WHERE request = $1 AND instance = $2",
      {request, i.instance_id, std::string(to_string(i.state)), i.generation, i.command_id,
       i.attempts, i.next_try_at, i.error, i.host_keys, i.sshd_version, i.home, i.told}));
}

Result<void> move_instances(SqlTransaction& transaction, const std::string& request,
                            const std::vector<InstanceState>& from, InstanceState to) {
  std::vector<std::string> names;
  for (const auto state : from) names.push_back(fmt::format("'{}'", to_string(state)));
  return done(transaction.query(
      fmt::format("UPDATE request_instance SET state = $2, attempts = 0, next_try_at = 0, "
                  "command = '', error = '' WHERE request = $1 AND state IN ({})",
                  fmt::join(names, ", ")),
      {request, std::string(to_string(to))}));
}

Result<std::vector<AccessRequest>> list_requests(SqlTransaction& transaction,
                                                 const std::string& owner,
                                                 const std::vector<std::string>& accounts,
                                                 std::int64_t limit) {
  std::vector<SqlValue> parameters = {owner, limit};
  std::string also;
  for (const auto& account : accounts) {
    parameters.emplace_back(account);
    also += fmt::format(" OR account = ${}", parameters.size());
  }
  const auto rows =
      transaction.query(fmt::format("SELECT {} FROM access_request WHERE owner = $1{} "
                                    "ORDER BY created_at DESC, id LIMIT $2",
                                    kColumns, also),
                        parameters);
  if (!rows) return rows.error();
  return read_requests(*rows);
}

Result<std::vector<AccessRequest>> list_open_requests(SqlTransaction& transaction,
                                                      const std::string& owner,
                                                      std::int64_t limit) {
  const auto rows =
      transaction.query(fmt::format("SELECT {} FROM access_request WHERE owner = $1 AND {} "
                                    "ORDER BY created_at DESC, id LIMIT $2",
                                    kColumns, kOpen),
                        {owner, limit});
  if (!rows) return rows.error();
  return read_requests(*rows);
}

Result<std::map<std::string, std::vector<RequestInstance>>> load_open_instances(
    SqlTransaction& transaction, const std::string& owner) {
  const auto rows = transaction.query(
      fmt::format("{} WHERE r.owner = $1 AND r.{} ORDER BY i.request, i.instance",
                  kSelectInstances, kOpen),
      {owner});
  if (!rows) return rows.error();
  std::map<std::string, std::vector<RequestInstance>> out;
  for (const auto& row : *rows) {
    auto instance = read_instance(row);
    if (!instance) return instance.error();
    out[row.text(kRequest)].push_back(std::move(*instance));
  }
  return out;
}

Result<bool> insert_approval(SqlTransaction& transaction, const std::string& request,
                             const std::string& approver) {
  const auto rows = transaction.query(
      "INSERT INTO approval (request, approver, decided_at) VALUES ($1, $2, $3) "
      "ON CONFLICT (request, approver) DO NOTHING RETURNING approver",
      {request, approver, transaction.now()});
  if (!rows) return rows.error();
  return !rows->empty();
}

Result<std::int64_t> count_approvals(SqlTransaction& transaction, const std::string& request) {
  const auto rows =
      transaction.query("SELECT count(*) FROM approval WHERE request = $1", {request});
  if (!rows) return rows.error();
  return rows->at(0).integer(0);
}

}  // namespace passport::service
