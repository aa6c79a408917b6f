// The identities that an agent holds, and who may see them.
#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/secret.h"
#include "wire/ssh/signature.h"

namespace passport::keyagent {

using Time = std::chrono::sys_seconds;

/// A key with what is offered for it: a certificate's blob, or the public key's own.
struct Identity {
  std::shared_ptr<wire::ssh::Signer> signer{};
  Bytes blob{};
  std::string comment{};
  Time valid_before{};  ///< not offered from then on
  /// The servers that it may be used at: with any, nothing is signed but the login to one of
  /// them. Empty: no bound.
  std::vector<wire::ssh::PublicKey> host_keys{};
};

/// Identities by access request, in the order in which they are to be offered. While it is
/// locked it shows and finds none. Pure: the time is an argument. Not thread-safe.
class Keyring {
 public:
  static constexpr std::size_t kMaxRequests = 256;
  static constexpr std::size_t kMaxIdentities = 16;  ///< of a request

  /// Replaces what the request had. Errors: kUsage beyond a limit.
  Result<void> put(const std::string& request_id, std::vector<Identity> identities);
  bool drop(const std::string& request_id);
  /// Drops what is past its time; true when anything was.
  bool expire(Time now);

  /// Valid until the next change.
  std::vector<const Identity*> list(Time now) const;
  const Identity* find(ByteView blob, Time now) const;
  bool empty() const { return requests_.empty(); }
  /// When expire() has something to do next.
  std::optional<Time> next_expiry() const;

  bool locked() const { return lock_.has_value(); }
  /// False when it is locked already.
  bool lock(ByteView passphrase, ByteView salt);
  /// False when it is not locked, or the passphrase is not the one.
  bool unlock(ByteView passphrase);

 private:
  struct Lock {
    Bytes salt;
    Bytes hash;
  };
  static Bytes hash(ByteView passphrase, ByteView salt);

  std::map<std::string, std::vector<Identity>> requests_;
  std::optional<Lock> lock_;
};

}  // namespace passport::keyagent
