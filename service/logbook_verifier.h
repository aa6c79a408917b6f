// Whether an export of the Logbook is what the service wrote. Pure.
#pragma once
#include <map>
#include <string_view>
#include <vector>

#include "service/logbook_chain.h"

namespace passport::service {

/// Give it the checkpoints that were kept elsewhere, then the export's lines, then finish().
/// After an error it is of no more use. Errors: kMalformed, kTooLarge: not an export's line;
/// kDenied: it is not what was written. Each names the line, and the record where there is one.
class LogbookVerifier {
 public:
  static constexpr std::size_t kMaxKeys = 16;
  static constexpr std::size_t kMaxKept = 1'000'000;

  /// `keys`: those that have signed checkpoints. Errors: kUsage: none, too many, not Ed25519.
  static Result<LogbookVerifier> make(std::vector<wire::ssh::PublicKey> keys);

  /// A line of a file of checkpoints, in its order: from the first on, or a part.
  Result<void> keep(std::string_view line);
  Result<void> read(std::string_view line);
  /// Whether all is there up to the last checkpoint.
  Result<void> finish() const;

  std::int64_t records() const { return last_.sequence; }
  /// The last in the export; what comes after it is held by nothing.
  const Checkpoint& checkpoint() const { return checkpoint_; }

 private:
  explicit LogbookVerifier(std::vector<wire::ssh::PublicKey> keys) : keys_(std::move(keys)) {}

  Result<void> read_record(const LogRecord& record);
  Result<void> read_checkpoint(const Checkpoint& checkpoint);
  Result<void> verify_signature(const Checkpoint& checkpoint) const;

  std::vector<wire::ssh::PublicKey> keys_;
  std::map<std::int64_t, Checkpoint> kept_;  ///< those that the export has not shown yet
  Checkpoint last_kept_;
  std::int64_t kept_lines_ = 0;
  std::int64_t lines_ = 0;
  LogRecord last_;
  Checkpoint checkpoint_;
};

}  // namespace passport::service
