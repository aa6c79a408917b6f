#include "service/tokens.h"

#include <algorithm>
#include <array>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/sha.h>

#include "base/base64.h"
#include "base/text.h"

namespace passport::service {
namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr std::string_view kPrefix = "ppt_";

/// A search by hash tells nothing of the token by the time that it takes.
std::string hash_of(const Secret& token) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  const auto bytes = as_bytes(token.reveal());
  ::SHA256(bytes.data(), bytes.size(), digest.data());
  return encode_hex(digest);
}

bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= 128 &&
         std::none_of(text.begin(), text.end(),
                      [](char c) {
                        return static_cast<unsigned char>(c) <= ' ' || c == ',' || c == 127;
                      }) &&
         escape_for_terminal(text) == text;
}

}  // namespace

Secret make_token(const RandomSource& random) {
  std::array<std::uint8_t, kTokenBytes> bytes{};
  random(bytes);
  auto text = encode_base64(bytes);
  ::explicit_bzero(bytes.data(), bytes.size());
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(text.find('='));
  std::string token(kPrefix);
  token.reserve(kPrefix.size() + text.size());
  token += text;
  ::explicit_bzero(text.data(), text.size());
  return Secret(std::move(token));
}

Result<void> insert_token(SqlTransaction& transaction, const Secret& token,
                          const Subject& subject, std::chrono::seconds life) {
  const bool good = is_name(subject.user) &&
                    std::all_of(subject.groups.begin(), subject.groups.end(), is_name);
  if (!good)
    return Error{Errc::kUsage, "names of users and groups are without blanks and commas"};
  const auto inserted = transaction.query(
      "INSERT INTO token (hash, owner, groups, issued_at, expires_at) VALUES ($1, $2, $3, $4, "
      "$5)",
      {hash_of(token), subject.user, fmt::format("{}", fmt::join(subject.groups, ",")),
       transaction.now(), transaction.now() + life.count() * kSecond});
  if (!inserted) return inserted.error();
  return {};
}

Result<std::optional<Subject>> find_subject(SqlTransaction& transaction, const Secret& token) {
  const auto rows =
      transaction.query("SELECT owner, groups FROM token WHERE hash = $1 AND expires_at > $2",
                        {hash_of(token), transaction.now()});
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<Subject>();
  Subject out{rows->at(0).text(0), {}};
  std::istringstream groups(rows->at(0).text(1));
  for (std::string group; std::getline(groups, group, ',');) out.groups.insert(group);
  return std::optional(std::move(out));
}

Result<std::int64_t> find_token_end(SqlTransaction& transaction, const Secret& token) {
  const auto rows =
      transaction.query("SELECT expires_at FROM token WHERE hash = $1", {hash_of(token)});
  if (!rows) return rows.error();
  return rows->empty() ? 0 : rows->at(0).integer(0);
}

Result<void> revoke_token(SqlTransaction& transaction, const Secret& token) {
  const auto gone = transaction.query("DELETE FROM token WHERE hash = $1", {hash_of(token)});
  if (!gone) return gone.error();
  return {};
}

}  // namespace passport::service
