// Asks AWS what people call their instances.
#pragma once
#include <deque>
#include <string>

#include "service/account_access.h"
#include "service/label_counts.h"
#include "service/label_store.h"

namespace passport::service {

/// With the account's role: Systems Manager for the platform, EC2 for the tags. Nobody waits
/// for it, and nothing depends on it: what AWS does not say is not known.
class LabelLookup {
 public:
  static constexpr std::size_t kMaxAtOnce = 8;      ///< requests
  static constexpr std::size_t kMaxWaiting = 1000;  ///< requests; those beyond go without

  LabelLookup(const net::asio::any_io_executor& executor, const Config& config,
              Database& database, AccountAccess& access)
      : executor_(executor), config_(config), database_(database), access_(access) {}

  /// Looks for those of the request's instances that are unknown or old.
  void look_up(std::string request);
  void stop() { waiting_.clear(); }
  LabelCounts counts() const { return counts_; }

 private:
  void start_next();
  net::Task<void> work(std::string request);
  net::Task<Result<bool>> look_for(const std::string& request);
  net::Task<Result<void>> ask(const Account& account, LabelBatch& batch);
  net::Task<Result<void>> ask_ssm(const Account& account, LabelBatch& batch);
  net::Task<Result<void>> ask_ec2(const Account& account, LabelBatch& batch);

  net::asio::any_io_executor executor_;
  const Config& config_;
  Database& database_;
  AccountAccess& access_;
  std::deque<std::string> waiting_;
  std::size_t working_ = 0;
  LabelCounts counts_;
};

}  // namespace passport::service
