// Certificates for the agent's keys: checked, and put in the order in which they are offered.
// Pure.
#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "keyagent/keyring.h"
#include "wire/ssh/certificate.h"

namespace passport::keyagent {

inline constexpr std::size_t kMaxCertificatesOfAKey = 4;

/// One certificate of a key that the agent holds.
struct HeldCertificate {
  std::shared_ptr<wire::ssh::Signer> signer{};
  wire::ssh::Certificate certificate{};
  Bytes blob{};
};

/// The certificates in `text`: a line each; empty lines and those that begin with '#' are
/// passed over. Every one is a user's, for `signer`'s key, and neither over nor more than kSkew
/// away. At least one. Errors: kMalformed, kDenied, kExpired, kTooLarge, saying which line.
inline constexpr std::chrono::seconds kSkew{300};
Result<std::vector<HeldCertificate>> parse_certificates(
    const std::shared_ptr<wire::ssh::Signer>& signer, std::string_view text, Time now);

/// Ed25519 first; RSA signed by its CA with SHA-2; RSA signed with SHA-1.
void sort_by_offer(std::vector<HeldCertificate>& certificates);

/// As the keyring holds them; none outlives `end`.
std::vector<Identity> make_identities(const std::vector<HeldCertificate>& certificates,
                                      const std::string& request_id, Time end,
                                      const std::vector<wire::ssh::PublicKey>& host_keys);

/// When certificates that end before `end` are to be renewed: a fifth of the shortest one's
/// time, but at least ten seconds, before it is over. `end` when none does.
Time find_renewal(const std::vector<HeldCertificate>& certificates, Time end);

}  // namespace passport::keyagent
