// Brings each request to where it should be: users made, kept, and removed at its end.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/event.h"
#include "service/account_access.h"
#include "service/authorities.h"
#include "service/instance_work.h"
#include "service/renewal.h"
#include "service/work_store.h"

namespace passport::service {

/// Takes what is due from the database, also what another process left when it died. What it
/// is about to do is written down before, and every step can be repeated: commands carry
/// generations, and instances heed the highest. Replicas share nothing but the database.
class Reconciler {
 public:
  static constexpr std::size_t kMaxAtOnce = 16;  ///< requests

  Reconciler(const net::asio::any_io_executor& executor, const Config& config,
             Database& database, AccountAccess& access,
             std::vector<wire::ssh::PublicKey> authorities)
      : executor_(executor),
        config_(config),
        database_(database),
        access_(access),
        authorities_(std::move(authorities)),
        told_(digest_of_settings(authorities_, config.sudo)),
        wake_(executor) {}

  /// Called after the end of a request.
  std::function<void()> on_end;
  /// Called with a request whose users are being made, or told of another end.
  std::function<void(const std::string&)> on_provision;

  /// Until stop(); then what is under way comes to its next pause.
  net::Task<void> run();
  void wake() { wake_.notify(); }
  void stop() {
    stopping_ = true;
    wake_.notify();
  }

 private:
  struct Job {
    Claim claim;
    AccessRequest request{};
    std::vector<RequestInstance> instances{};
    std::vector<Batch> batches{};
    std::vector<std::string> sessions{};  ///< to be terminated
  };

  net::Task<bool> renew();
  net::Task<bool> claim_next();
  net::Task<void> work(Claim claim);
  net::Task<Result<void>> work_on(Job& job);
  net::Task<Result<bool>> plan(Job& job);
  net::Task<void> end_sessions(Job& job);
  net::Task<Result<void>> send(Job& job, Batch batch);
  net::Task<Result<void>> send_one_by_one(Job& job, Batch batch, std::string why);
  net::Task<Result<void>> poll(Job& job, std::string command);
  net::Task<Result<void>> save(Job& job, std::vector<RequestInstance> changed);
  net::Task<Result<void>> finish(Job& job);
  Result<std::string> make_script(const Job& job, const Batch& batch) const;

  net::asio::any_io_executor executor_;
  const Config& config_;
  Database& database_;
  AccountAccess& access_;
  std::vector<wire::ssh::PublicKey> authorities_;
  std::string told_;  ///< of these and of sudo
  net::Event wake_;
  std::size_t working_ = 0;
  bool stopping_ = false;
};

}  // namespace passport::service
