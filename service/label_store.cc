#include "service/label_store.h"

namespace passport::service {

Result<LabelBatch> find_unlabelled(SqlTransaction& transaction, const std::string& request) {
  const auto rows = transaction.query(
      "SELECT r.account, r.region, i.instance, l.labels FROM request_instance i JOIN "
      "access_request r ON r.id = i.request LEFT JOIN instance_label l ON l.account = "
      "r.account AND l.region = r.region AND l.instance = i.instance WHERE i.request = $1 AND "
      "i.state NOT IN ('removed', 'failed') AND (l.asked_at IS NULL OR l.asked_at <= $2) "
      "ORDER BY i.instance",
      {request, transaction.now() - kLabelLife});
  if (!rows) return rows.error();
  LabelBatch out;
  for (const auto& row : *rows) {
    out.account = row.text(0);
    out.region = row.text(1);
    out.instances.push_back({row.text(2), parse_labels(row.text(3))});
  }
  return out;
}

Result<void> save_labels(SqlTransaction& transaction, const LabelBatch& batch) {
  const auto now = transaction.now();
  const auto old =
      transaction.query("DELETE FROM instance_label WHERE asked_at < $1", {now - kLabelMemory});
  if (!old) return old.error();
  for (const auto& instance : batch.instances) {
    const auto saved = transaction.query(
        "INSERT INTO instance_label (account, region, instance, labels, asked_at) VALUES ($1, "
        "$2, $3, $4, $5) ON CONFLICT (account, region, instance) DO UPDATE SET labels = "
        "excluded.labels, asked_at = excluded.asked_at",
        {batch.account, batch.region, instance.id, serialize_labels(instance.labels),
         batch.whole ? now : now - kLabelLife});
    if (!saved) return saved.error();
  }
  return {};
}

}  // namespace passport::service
