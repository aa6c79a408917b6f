// Looks after instances that had short-lived users: none may be there without a live request.
#pragma once
#include <map>

#include "net/event.h"
#include "service/account_access.h"
#include "service/sweep_store.h"

namespace passport::service {

/// One batch after the other; replicas share the work through the database.
class Sweeper {
 public:
  Sweeper(const net::asio::any_io_executor& executor, const Config& config, Database& database,
          AccountAccess& access)
      : config_(config), database_(database), access_(access), wake_(executor) {}

  net::Task<void> run();  ///< until stop()
  void stop() {
    stopping_ = true;
    wake_.notify();
  }

 private:
  using Answers = std::map<std::string, ScriptAnswer>;  ///< by instance

  net::Task<bool> sweep_next();
  net::Task<Answers> sweep(const SweepBatch& batch);
  net::Task<void> send(aws::Ssm& ssm, std::vector<std::string> instances, std::string script,
                       Answers& answers);
  net::Task<void> poll(aws::Ssm& ssm, std::string command, std::size_t wanted,
                       Answers& answers);

  const Config& config_;
  Database& database_;
  AccountAccess& access_;
  net::Event wake_;
  bool stopping_ = false;
};

}  // namespace passport::service
