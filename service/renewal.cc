#include "service/renewal.h"

#include <algorithm>
#include <array>

#include <openssl/sha.h>

#include "base/text.h"
#include "service/logbook.h"
#include "service/request_store.h"

namespace passport::service {
namespace {

constexpr const char* kSelf = "passportd";
constexpr const char* kOtherwise = "i.state IN ('active', 'provisioning') AND i.told <> ";

Result<bool> renew_request(SqlTransaction& transaction, const std::string& id,
                           const std::string& digest, const json::array& fingerprints) {
  const auto stored = load_request(transaction, id);
  if (!stored) return stored.error();
  const auto state = *stored ? (*stored)->request.state : RequestState::kFailed;
  if (state != RequestState::kActive && state != RequestState::kProvisioning) return false;
  const auto moved = transaction.query(
      std::string("UPDATE request_instance AS i SET state = 'waiting', attempts = 0, "
                  "next_try_at = 0, command = '', error = '' WHERE i.request = $1 AND ") +
          kOtherwise + "$2 RETURNING instance",
      {id, digest});
  if (!moved) return moved.error();
  if (moved->empty()) return false;
  if (auto due = update_request(transaction, **stored); !due) return due.error();
  auto logged =
      append_log(transaction, {kSelf,
                               "request.renew",
                               id,
                               "ok",
                               {{"instances", moved->size()}, {"authorities", fingerprints}}});
  if (!logged) return logged.error();
  return true;
}

}  // namespace

std::string digest_of_settings(const std::vector<wire::ssh::PublicKey>& authorities,
                               bool sudo) {
  std::vector<std::string> lines;
  for (const auto& key : authorities) lines.push_back(render_public_key(key, "") + "\n");
  std::sort(lines.begin(), lines.end());
  lines.emplace_back(sudo ? "sudo\n" : "no sudo\n");
  std::string text;
  for (const auto& line : lines) text += line;
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  const auto bytes = as_bytes(text);
  ::SHA256(bytes.data(), bytes.size(), digest.data());
  return encode_hex(digest);
}

Result<std::size_t> renew_requests(SqlTransaction& transaction, const std::string& digest,
                                   const std::vector<wire::ssh::PublicKey>& authorities) {
  const auto requests = transaction.query(
      std::string("SELECT DISTINCT r.id FROM access_request r JOIN request_instance i ON "
                  "i.request = r.id WHERE r.state IN ('provisioning', 'active') AND ") +
          kOtherwise + "$1 ORDER BY r.id",
      {digest});
  if (!requests) return requests.error();
  json::array fingerprints;
  for (const auto& key : authorities)
    fingerprints.emplace_back(wire::ssh::fingerprint(key.blob));
  std::size_t out = 0;
  for (const auto& row : *requests) {
    const auto renewed = renew_request(transaction, row.text(0), digest, fingerprints);
    if (!renewed) return renewed.error();
    out += *renewed ? 1 : 0;
  }
  return out;
}

}  // namespace passport::service
