// The certificate authorities: an Ed25519 key and an RSA key, and what they certify.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "service/access_request.h"
#include "service/config.h"
#include "service/key_file.h"
#include "wire/ssh/signature.h"

namespace passport::service {

/// What a certificate for a request says; times are Unix seconds.
struct CertificateTerms {
  std::string key_id;     ///< who, which request, when: as sshd logs it
  std::string principal;  ///< the request's user
  std::int64_t valid_after = 0;
  std::int64_t valid_before = 0;
};

/// For the owner of an active request: from a minute ago, for clocks that go wrong, but not
/// from before the request's activation, to its end. Errors: kConflict: not active.
Result<CertificateTerms> find_terms(const AccessRequest& request, Millis now);

/// Not thread-safe.
class Authorities {
 public:
  static constexpr std::int64_t kBackdate = 60;  ///< seconds

  /// The keys that the configuration names; those in state_dir are made if they are not there.
  /// Errors: kConfig, kUnavailable, kDenied, with the key's place.
  static Result<Authorities> open(const Config& config, RandomSource random);

  /// Keys that instances are told to trust: these, and those of state_dir/trusted_ca.pub, which
  /// are trusted beside them while keys are exchanged.
  const std::vector<wire::ssh::PublicKey>& trusted() const { return trusted_; }

  /// Lines of certificates, the best first: one for an Ed25519 key; for an RSA key one signed
  /// with SHA-512, and one with SHA-1 for old servers. Errors: kUsage: another type, or an RSA
  /// key below 3072 bits; those of the signer.
  Result<std::vector<std::string>> certify(const wire::ssh::PublicKey& key,
                                           const CertificateTerms& terms);

 private:
  using Key = std::unique_ptr<wire::ssh::Signer>;

  explicit Authorities(RandomSource random) : random_(std::move(random)) {}
  Result<std::string> issue(const wire::ssh::PublicKey& key, const CertificateTerms& terms,
                            wire::ssh::Signer& ca, wire::ssh::SignatureAlgorithm algorithm);

  RandomSource random_;
  Key ed25519_;
  Key rsa_;
  std::vector<wire::ssh::PublicKey> trusted_;
};

}  // namespace passport::service
