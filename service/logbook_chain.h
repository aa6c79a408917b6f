// The Logbook's chain: records that hold each other, checkpoints that are signed, and the lines
// of an export. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "wire/ssh/signature.h"

namespace passport::service {

/// What somebody did, or was refused, as it stands in the Logbook.
struct LogRecord {
  std::int64_t sequence = 0;  ///< 1, 2, 3, ...
  std::int64_t at = 0;        ///< Unix ms
  std::string actor;
  std::string action;
  std::string object;
  std::string outcome;
  std::string details;   ///< JSON text
  std::string previous;  ///< hash of the record before; kFirstPrevious at the first
  std::string hash;

  bool operator==(const LogRecord&) const = default;
};

/// What the Logbook was at a moment, signed: its last record, and the checkpoint before.
struct Checkpoint {
  std::int64_t sequence = 0;  ///< of the last record
  std::int64_t at = 0;        ///< Unix ms
  std::string hash;           ///< of the last record
  std::string previous;       ///< hash of the checkpoint before; kFirstPrevious at the first
  std::string signature;      ///< an SSH signature's blob, in base64

  bool operator==(const Checkpoint&) const = default;
};

inline constexpr std::string_view kFirstPrevious =
    "0000000000000000000000000000000000000000000000000000000000000000";

/// SHA-256, in hexadecimal, of all that a record says and of the one before it. Each part
/// stands with its length, so that no two records read the same.
std::string hash_record(const LogRecord& record);

/// SHA-256, in hexadecimal, of what is signed.
std::string hash_checkpoint(const Checkpoint& checkpoint);

/// Signs with an Ed25519 key. Errors: those of the signer.
Result<void> sign_checkpoint(Checkpoint& checkpoint, wire::ssh::Signer& signer);
/// Errors: kMalformed: it holds no signature; kDenied: it is not the key's.
Result<void> verify_checkpoint(const Checkpoint& checkpoint, const wire::ssh::PublicKey& key);

using LogLine = std::variant<LogRecord, Checkpoint>;
inline constexpr std::size_t kMaxLogLine = 1 << 20;  ///< bytes

/// One line of JSON, without a line feed.
std::string render_log_line(const LogLine& line);
/// Exactly what render_log_line() makes. Errors: kMalformed: anything else; kTooLarge.
Result<LogLine> parse_log_line(std::string_view text);

}  // namespace passport::service
