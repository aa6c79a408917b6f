#include "service/logbook.h"

#include <array>

#include <boost/json/serialize.hpp>
#include <openssl/sha.h>

#include "base/text.h"
#include "service/database.h"
#include "wire/ssh/encoding.h"

namespace passport::service {
namespace {

using wire::ssh::append_string;

constexpr std::string_view kDomain = "passport logbook record v1";

}  // namespace

std::string hash_record(const LogRecord& record) {
  Bytes text;
  append_string(text, kDomain);
  append_string(text, std::to_string(record.sequence));
  append_string(text, std::to_string(record.at));
  for (const auto* part : {&record.actor, &record.action, &record.object, &record.outcome,
                           &record.details, &record.previous})
    append_string(text, *part);
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  ::SHA256(text.data(), text.size(), digest.data());
  return encode_hex(digest);
}

Result<void> append_log(SqlTransaction& transaction, const LogEntry& entry) {
  const auto head = transaction.query(std::string("SELECT sequence, hash FROM logbook_head") +
                                      transaction.for_update());
  if (!head) return head.error();
  if (head->size() != 1) return Error{Errc::kInternal, "logbook: it has no head"};
  LogRecord record{head->at(0).integer(0) + 1,
                   transaction.now(),
                   entry.actor,
                   entry.action,
                   entry.object,
                   entry.outcome,
                   json::serialize(entry.details),
                   head->at(0).text(1),
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

}  // namespace passport::service
