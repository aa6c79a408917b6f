#include "client/copy/file_pieces.h"

#include <algorithm>

namespace passport::copy {

std::optional<Range> FilePieces::claim(int worker, std::uint64_t most, Time now) {
  const auto gap = taken_.find_gap(0, size_, most);
  if (!gap) return std::nullopt;
  taken_.add(*gap);
  claims_[gap->from] = {gap->to, worker, kNobody, now, false};
  return gap;
}

std::optional<Range> FilePieces::claim_late(int worker, Time before) {
  auto oldest = claims_.end();
  for (auto at = claims_.begin(); at != claims_.end(); ++at) {
    const auto& claim = at->second;
    const bool good = claim.worker != worker && claim.second == kNobody && !claim.writing &&
                      claim.since < before;
    if (good && (oldest == claims_.end() || claim.since < oldest->second.since)) oldest = at;
  }
  if (oldest == claims_.end()) return std::nullopt;
  oldest->second.second = worker;
  return Range{oldest->first, oldest->second.to};
}

bool FilePieces::has_late(Time before) const {
  return std::any_of(claims_.begin(), claims_.end(), [before](const auto& entry) {
    const Claim& claim = entry.second;
    return claim.second == kNobody && !claim.writing && claim.since < before;
  });
}

bool FilePieces::begin_write(Range range) {
  const auto at = claims_.find(range.from);
  if (at == claims_.end() || at->second.writing || at->second.to < range.to) return false;
  at->second.writing = true;
  return true;
}

void FilePieces::finish(Range range) {
  done_.add(range);
  const auto at = claims_.find(range.from);
  if (at == claims_.end()) return;
  auto rest = at->second;
  claims_.erase(at);
  if (range.to >= rest.to) return;
  rest.writing = false;
  claims_[range.to] = rest;
}

void FilePieces::give_back(int worker) {
  for (auto at = claims_.begin(); at != claims_.end();) {
    auto& claim = at->second;
    if (claim.second == worker) claim.second = kNobody;
    if (claim.worker == worker && claim.second != kNobody) {
      claim.worker = claim.second;
      claim.second = kNobody;
    }
    if (claim.worker == worker) {
      taken_.remove({at->first, claim.to});
      at = claims_.erase(at);
    } else {
      ++at;
    }
  }
}

}  // namespace passport::copy
