// SSM sessions for people who have no AWS credentials: started, resumed and ended for them.
#pragma once
#include "service/account_access.h"
#include "service/api.h"
#include "service/work_store.h"

namespace passport::service {

/// Each step was authorised and logged by the API. What it came to is written down before the
/// answer is given.
class Broker {
 public:
  static constexpr std::chrono::seconds kCallTime{30};
  static constexpr std::chrono::seconds kExplainTime{5};
  static constexpr std::chrono::seconds kUrlLife{60};  ///< for the websocket to be opened

  Broker(const Config& config, Database& database, AccountAccess& access)
      : config_(config), database_(database), access_(access) {}

  net::Task<Result<ApiAnswer>> take(Endpoint endpoint, SessionStep step);

 private:
  using Client = std::unique_ptr<AccountCalls>;

  net::Task<Result<ApiAnswer>> start(SessionStep step);
  net::Task<Result<ApiAnswer>> resume(SessionStep step);
  net::Task<Result<ApiAnswer>> terminate(SessionStep step);
  net::Task<Error> explain(Error failure, SessionStep step);
  net::Task<Result<ApiAnswer>> hand_out(SessionStep step, Client client, aws::Session session);

  const Config& config_;
  Database& database_;
  AccountAccess& access_;
};

}  // namespace passport::service
