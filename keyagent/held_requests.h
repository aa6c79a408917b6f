// The access requests that a running agent holds: keys made, certified, renewed and dropped.
#pragma once
#include <map>
#include <set>
#include <string>

#include "keyagent/certificates.h"
#include "keyagent/control_messages.h"
#include "keyagent/random_source.h"
#include "keyagent/shielded_key.h"
#include "net/asio.h"

namespace passport::keyagent {

inline constexpr std::chrono::seconds kCertifyDeadline{30};  ///< for one certificate command

/// One io_context, one thread. Destroy it after the io_context has stopped.
class HeldRequests {
 public:
  explicit HeldRequests(RandomSource random);

  /// Makes the keys that are missing, has all certified, and offers them from then on. What was
  /// held for the same id stays until then, and stays when this fails. Errors: kUsage;
  /// kThrottled while the same one is being added; those of the certificate command, with what
  /// it said.
  net::Task<Result<void>> add(HeldRequest request);
  bool drop(const std::string& id);

  /// Drops what is over, and starts to renew what is due.
  void tick(const net::asio::any_io_executor& executor, Time now);

  bool empty() const { return held_.empty() && working_.empty(); }
  Keyring& keyring() { return keyring_; }
  const Keyring& keyring() const { return keyring_; }
  /// [{"id":TEXT,"end":UNIX SECONDS,"keys":TEXT,"error":TEXT,"identities":[{...},...]},...]
  json::array describe() const;

 private:
  using Signers = std::map<wire::ssh::KeyType, std::shared_ptr<wire::ssh::Signer>>;
  struct Held {
    HeldRequest request;
    Signers signers;
    std::vector<HeldCertificate> certificates;
    Time renewal{};
    std::string last_error{};  ///< of a renewal that failed
  };

  net::Task<Result<std::shared_ptr<wire::ssh::Signer>>> make_signer(wire::ssh::KeyType type);
  net::Task<Result<Held>> make(HeldRequest request);
  net::Task<void> renew(HeldRequest request);

  RandomSource random_;
  std::shared_ptr<const Shield> shield_;
  Keyring keyring_;
  std::map<std::string, Held> held_;
  std::set<std::string> working_;  ///< ids that are being added
};

}  // namespace passport::keyagent
