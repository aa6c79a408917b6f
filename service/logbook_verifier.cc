#include "service/logbook_verifier.h"

#include <algorithm>

#include <fmt/format.h>

namespace passport::service {
namespace {

Error denied(std::string detail) {
  return {Errc::kDenied, std::move(detail)};
}

Result<void> at_line(const char* what, std::int64_t line, const Result<void>& result) {
  if (result) return {};
  return Error{result.error().code,
               fmt::format("{} {}: {}", what, line, result.error().detail)};
}

}  // namespace

Result<LogbookVerifier> LogbookVerifier::make(std::vector<wire::ssh::PublicKey> keys) {
  if (keys.empty() || keys.size() > kMaxKeys)
    return Error{Errc::kUsage, fmt::format("public keys: not 1 to {}", kMaxKeys)};
  for (const auto& key : keys)
    if (key.type != wire::ssh::KeyType::kEd25519)
      return Error{Errc::kUsage, "public keys: one that is not Ed25519"};
  return LogbookVerifier(std::move(keys));
}

Result<void> LogbookVerifier::verify_signature(const Checkpoint& checkpoint) const {
  Result<void> verified = denied("no key");
  for (const auto& key : keys_) {
    verified = verify_checkpoint(checkpoint, key);
    if (verified || verified.error().code != Errc::kDenied) break;
  }
  if (verified) return {};
  return denied(
      fmt::format("the checkpoint at record {} is not signed with a key that is known",
                  checkpoint.sequence));
}

Result<void> LogbookVerifier::keep(std::string_view line) {
  ++kept_lines_;
  const auto parsed = parse_log_line(line);
  if (!parsed) return at_line("checkpoints' line", kept_lines_, parsed.error());
  const auto* checkpoint = std::get_if<Checkpoint>(&*parsed);
  if (checkpoint == nullptr)
    return at_line("checkpoints' line", kept_lines_,
                   Error{Errc::kMalformed, "a record, not a checkpoint"});
  if (kept_.size() >= kMaxKept)
    return Error{Errc::kTooLarge, fmt::format("more than {} checkpoints", kMaxKept)};
  if (auto verified = verify_signature(*checkpoint); !verified)
    return at_line("checkpoints' line", kept_lines_, verified);
  if (!kept_.empty() && (checkpoint->sequence <= last_kept_.sequence ||
                         checkpoint->previous != hash_checkpoint(last_kept_)))
    return at_line("checkpoints' line", kept_lines_,
                   denied(fmt::format("the checkpoint at record {} does not follow that at {}",
                                      checkpoint->sequence, last_kept_.sequence)));
  last_kept_ = *checkpoint;
  kept_.emplace(checkpoint->sequence, *checkpoint);
  return {};
}

Result<void> LogbookVerifier::read(std::string_view line) {
  ++lines_;
  const auto parsed = parse_log_line(line);
  if (!parsed) return at_line("line", lines_, parsed.error());
  if (const auto* record = std::get_if<LogRecord>(&*parsed))
    return at_line("line", lines_, read_record(*record));
  return at_line("line", lines_, read_checkpoint(std::get<Checkpoint>(*parsed)));
}

Result<void> LogbookVerifier::read_record(const LogRecord& record) {
  if (record.sequence != last_.sequence + 1)
    return denied(
        fmt::format("record {} stands where {} belongs", record.sequence, last_.sequence + 1));
  if (record.previous != (last_.sequence == 0 ? kFirstPrevious : last_.hash))
    return denied(fmt::format("record {} does not follow the one before it", record.sequence));
  if (record.hash != hash_record(record))
    return denied(fmt::format("record {} was changed", record.sequence));
  last_ = record;
  return {};
}

Result<void> LogbookVerifier::read_checkpoint(const Checkpoint& checkpoint) {
  const auto here = [&](const char* what) {
    return denied(fmt::format("the checkpoint at record {} {}", checkpoint.sequence, what));
  };
  if (checkpoint.sequence != last_.sequence)
    return here(fmt::format("stands after record {}", last_.sequence).c_str());
  if (checkpoint.hash != last_.hash) return here("is of another record");
  const bool first = checkpoint_.sequence == 0;
  if (checkpoint.previous !=
      (first ? std::string(kFirstPrevious) : hash_checkpoint(checkpoint_)))
    return here("does not follow the one before it");
  if (auto verified = verify_signature(checkpoint); !verified) return verified;
  if (const auto kept = kept_.find(checkpoint.sequence); kept != kept_.end()) {
    if (kept->second != checkpoint) return here("is not the one that was kept");
    kept_.erase(kept);
  }
  checkpoint_ = checkpoint;
  return {};
}

Result<void> LogbookVerifier::finish() const {
  if (!kept_.empty())
    return denied(
        fmt::format("the checkpoint at record {}, which was kept, is not in it: it ends "
                    "with record {}",
                    kept_.begin()->first, last_.sequence));
  if (checkpoint_.sequence == 0) return denied("it has no checkpoint, so nothing holds it");
  return {};
}

}  // namespace passport::service
