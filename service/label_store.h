// What people call their instances, in the database.
#pragma once
#include <string>
#include <vector>

#include "service/access_request.h"
#include "service/database.h"
#include "service/labels.h"

namespace passport::service {

/// What AWS has said counts for so long; then it is asked again when there is cause.
inline constexpr Millis kLabelLife = 3600 * kSecond;
/// What nobody has had access to for so long is forgotten.
inline constexpr Millis kLabelMemory = 30 * 24 * kLabelLife;

struct LabelledInstance {
  std::string id;
  Labels labels{};
};

/// Instances of one account and region, in the order of their ids.
struct LabelBatch {
  std::string account{};
  std::string region{};
  std::vector<LabelledInstance> instances{};
  bool whole = true;  ///< all that was asked was answered
};

/// Those instances of the request whose labels are unknown or old, with what is known.
Result<LabelBatch> find_unlabelled(SqlTransaction& transaction, const std::string& request);

/// Keeps them. What is not whole is old at once.
Result<void> save_labels(SqlTransaction& transaction, const LabelBatch& batch);

}  // namespace passport::service
