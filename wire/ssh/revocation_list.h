// Key revocation lists (KRLs), for sshd's RevokedKeys: written.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "wire/ssh/public_key.h"

namespace passport::wire::ssh {

struct RevocationList {
  /// Certificates that one CA signed.
  struct Authority {
    PublicKey ca_key;
    std::vector<std::uint64_t> serials{};  ///< in any order; none is 0, which means "no serial"
    std::vector<std::string> key_ids{};
  };

  std::uint64_t version = 0;    ///< rises from list to list
  std::uint64_t generated = 0;  ///< Unix seconds
  std::string comment{};
  std::vector<Authority> authorities{};
  std::vector<PublicKey> keys{};  ///< by themselves and in any certificate
};

/// Source: OpenSSH PROTOCOL.krl. Errors: kUsage: a serial 0, or an empty key id, which OpenSSH
/// refuses.
Result<Bytes> serialize_revocation_list(const RevocationList& list);

}  // namespace passport::wire::ssh
