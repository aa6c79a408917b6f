#include "service/published.h"

#include <fmt/format.h>

#include "wire/ssh/public_key.h"
#include "wire/ssh/revocation_list.h"

namespace passport::service {
namespace {

constexpr Millis kClockSlack = 300 * kSecond;  ///< a revoked certificate stays listed that long

}  // namespace

Result<ApiAnswer> read_revocations(SqlTransaction& transaction) {
  const auto rows = transaction.query(
      "SELECT c.ca, c.serial FROM certificate c JOIN access_request r ON r.id = c.request "
      "WHERE c.ends_at > $1 AND r.state NOT IN ('provisioning', 'active') ORDER BY c.ca",
      {transaction.now() - kClockSlack});
  if (!rows) return rows.error();
  wire::ssh::RevocationList list;
  list.version = static_cast<std::uint64_t>(transaction.now());
  list.generated = static_cast<std::uint64_t>(transaction.now() / kSecond);
  std::string ca;
  for (const auto& row : *rows) {
    if (list.authorities.empty() || row.text(0) != ca) {
      ca = row.text(0);
      auto key = wire::ssh::parse_public_key_line(ca);
      if (!key) return Error{Errc::kInternal, "database: " + key.error().detail};
      list.authorities.push_back({std::move(*key)});
    }
    list.authorities.back().serials.push_back(std::stoull(row.text(1)));
  }
  const auto bytes = serialize_revocation_list(list);
  if (!bytes) return bytes.error();
  return ApiAnswer{200, {}, std::string(as_text(*bytes)), "application/octet-stream"};
}

Result<ApiAnswer> read_metrics(SqlTransaction& transaction,
                               const std::map<int, std::uint64_t>& answered,
                               const LabelCounts& labels) {
  std::string out = "# TYPE passport_http_answers_total counter\n";
  for (const auto& [status, count] : answered)
    out += fmt::format("passport_http_answers_total{{status=\"{}\"}} {}\n", status, count);
  const auto rows = transaction.query(
      "SELECT state, count(*) FROM access_request GROUP BY state ORDER BY state");
  if (!rows) return rows.error();
  out += "# TYPE passport_requests gauge\n";
  for (const auto& row : *rows)
    out += fmt::format("passport_requests{{state=\"{}\"}} {}\n", row.text(0), row.integer(1));
  out += fmt::format(
      "# TYPE passport_label_lookups_total counter\n"
      "passport_label_lookups_total{{result=\"good\"}} {}\n"
      "passport_label_lookups_total{{result=\"failed\"}} {}\n",
      labels.good, labels.failed);
  const auto head = transaction.query("SELECT sequence FROM logbook_head");
  if (!head) return head.error();
  out += fmt::format(
      "# TYPE passport_logbook_records_total counter\n"
      "passport_logbook_records_total {}\n",
      head->at(0).integer(0));
  return ApiAnswer{200, {}, std::move(out), "text/plain; version=0.0.4"};
}

}  // namespace passport::service
