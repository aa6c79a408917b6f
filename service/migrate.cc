// The schema's versions: the files of service/schema, applied once each, in order.
#include <array>

#include <fmt/format.h>
#include <openssl/sha.h>

#include "base/text.h"
#include "service/database.h"
#include "service/schema_text.h"

namespace passport::service {
namespace {

std::string digest_of(std::string_view text) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  const auto bytes = as_bytes(text);
  ::SHA256(bytes.data(), bytes.size(), digest.data());
  return encode_hex(digest);
}

/// Without what is for the other engine: it stands between "-- only ENGINE" and "-- both".
std::string choose(std::string_view text, SqlDialect dialect) {
  const std::string_view other =
      dialect == SqlDialect::kSqlite ? "-- only postgres" : "-- only sqlite";
  std::string out;
  bool ours = true;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    const auto line = text.substr(0, end);
    if (line.starts_with("-- only") || line.starts_with("-- both"))
      ours = !line.starts_with(other);
    if (ours) out += line;
    text.remove_prefix(end);
  }
  return out;
}

Result<void> apply(SqlConnection& connection, SqlTransaction& transaction) {
  if (connection.dialect() == SqlDialect::kPostgres)  // replicas begin one after the other
    if (auto locked = transaction.query("SELECT pg_advisory_xact_lock(7305808869228573300)");
        !locked)
      return locked.error();
  auto made = connection.run_script(
      "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY, "
      "name TEXT NOT NULL, digest TEXT NOT NULL, applied_at BIGINT NOT NULL)");
  if (!made) return made;
  const auto known =
      transaction.query("SELECT version, digest FROM schema_version ORDER BY version");
  if (!known) return known.error();
  if (known->size() > kSchema.size())
    return Error{Errc::kConfig, "database: a newer version of Passport has used it"};
  for (std::size_t i = 0; i < kSchema.size(); ++i) {
    const auto digest = digest_of(kSchema[i].text);
    if (i < known->size()) {
      if ((*known)[i].text(1) != digest)
        return Error{Errc::kConfig,
                     fmt::format("database: {} is not what was applied", kSchema[i].name)};
      continue;
    }
    if (auto done = connection.run_script(choose(kSchema[i].text, connection.dialect())); !done)
      return done;
    const auto noted = transaction.query(
        "INSERT INTO schema_version (version, name, digest, applied_at) VALUES ($1, $2, $3, "
        "$4)",
        {static_cast<std::int64_t>(i + 1), std::string(kSchema[i].name), digest,
         transaction.now()});
    if (!noted) return noted.error();
  }
  return {};
}

}  // namespace

Result<void> migrate(SqlConnection& connection) {
  return run_transaction(
      connection, [&](SqlTransaction& transaction) { return apply(connection, transaction); });
}

}  // namespace passport::service
