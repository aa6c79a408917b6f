#include "service/logbook.h"

#include <boost/json/serialize.hpp>

#include "base/text.h"
#include "service/database.h"

namespace passport::service {
namespace {

constexpr std::int64_t kPage = 1'000;  ///< records read at once

Checkpoint read_checkpoint(const SqlRow& row) {
  return {row.integer(0), row.integer(1), row.text(2), row.text(3), row.text(4)};
}

LogRecord read_record(const SqlRow& row) {
  return {row.integer(0), row.integer(1), row.text(2), row.text(3), row.text(4),
          row.text(5),    row.text(6),    row.text(7), row.text(8)};
}

Result<SqlRow> lock_head(SqlTransaction& transaction) {
  const auto head = transaction.query(std::string("SELECT sequence, hash FROM logbook_head") +
                                      transaction.for_update());
  if (!head) return head.error();
  if (head->size() != 1) return Error{Errc::kInternal, "logbook: it has no head"};
  return head->front();
}

}  // namespace

Result<void> append_log(SqlTransaction& transaction, const LogEntry& entry) {
  const auto head = lock_head(transaction);
  if (!head) return head.error();
  LogRecord record{head->integer(0) + 1,
                   transaction.now(),
                   escape_for_terminal(entry.actor),
                   entry.action,
                   escape_for_terminal(entry.object),
                   entry.outcome,
                   json::serialize(entry.details),
                   head->text(1),
                   ""};
  record.hash = hash_record(record);
  const auto appended = transaction.query(
      "INSERT INTO logbook (sequence, at, actor, action, object, outcome, details, previous, "
      "hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      {record.sequence, record.at, record.actor, record.action, record.object, record.outcome,
       record.details, record.previous, record.hash});
  if (!appended) return appended.error();
  const auto moved = transaction.query("UPDATE logbook_head SET sequence = $1, hash = $2",
                                       {record.sequence, record.hash});
  if (!moved) return moved.error();
  return {};
}

Result<std::optional<Checkpoint>> append_checkpoint(SqlTransaction& transaction,
                                                    wire::ssh::Signer& signer) {
  const auto head = lock_head(transaction);
  if (!head) return head.error();
  const auto last = transaction.query(
      "SELECT sequence, at, hash, previous, signature FROM logbook_checkpoint "
      "ORDER BY sequence DESC LIMIT 1");
  if (!last) return last.error();
  Checkpoint out{head->integer(0), transaction.now(), head->text(1),
                 std::string(kFirstPrevious), ""};
  if (!last->empty()) {
    const auto before = read_checkpoint(last->front());
    if (before.sequence == out.sequence) return std::optional<Checkpoint>();
    out.previous = hash_checkpoint(before);
  }
  if (out.sequence == 0) return std::optional<Checkpoint>();
  if (auto done = sign_checkpoint(out, signer); !done) return done.error();
  const auto appended = transaction.query(
      "INSERT INTO logbook_checkpoint (sequence, at, hash, previous, signature) "
      "VALUES ($1, $2, $3, $4, $5)",
      {out.sequence, out.at, out.hash, out.previous, out.signature});
  if (!appended) return appended.error();
  return std::optional<Checkpoint>(std::move(out));
}

Result<std::vector<Checkpoint>> load_checkpoints(SqlConnection& connection, std::int64_t after,
                                                 std::int64_t most) {
  const auto rows = connection.query(
      "SELECT sequence, at, hash, previous, signature FROM logbook_checkpoint "
      "WHERE sequence > $1 ORDER BY sequence LIMIT $2",
      {after, most});
  if (!rows) return rows.error();
  std::vector<Checkpoint> out;
  for (const auto& row : *rows) out.push_back(read_checkpoint(row));
  return out;
}

Result<void> visit_logbook(SqlConnection& connection,
                           const std::function<Result<void>(const LogLine&)>& visit) {
  const auto head = connection.query("SELECT sequence FROM logbook_head", {});
  if (!head) return head.error();
  const auto end = head->empty() ? 0 : head->front().integer(0);
  for (std::int64_t done = 0; done < end;) {
    const auto upto = std::min(done + kPage, end);
    const auto rows = connection.query(
        "SELECT sequence, at, actor, action, object, outcome, details, previous, hash "
        "FROM logbook WHERE sequence > $1 AND sequence <= $2 ORDER BY sequence",
        {done, upto});
    if (!rows) return rows.error();
    const auto checkpoints = load_checkpoints(connection, done, kPage);
    if (!checkpoints) return checkpoints.error();
    auto next = checkpoints->begin();
    for (const auto& row : *rows) {
      const auto record = read_record(row);
      if (auto visited = visit(record); !visited) return visited;
      for (; next != checkpoints->end() && next->sequence <= record.sequence; ++next)
        if (auto visited = visit(*next); !visited) return visited;
    }
    done = upto;
  }
  return {};
}

}  // namespace passport::service
