// Private key files under a passphrase: libssh locks OpenSSH's form, libcrypto PKCS#8.
#pragma once
#include <string_view>

#include "base/secret.h"
#include "wire/ssh/private_key.h"

namespace passport::wire::ssh {

/// An OpenSSH file of an Ed25519 key, or a PEM or PKCS#8 file of an RSA key. Errors:
/// kMalformed, with a hint for an RSA key in OpenSSH's form, which libssh 0.10 does not give
/// out; kDenied: another passphrase.
Result<PrivateKey> parse_locked_private_key_file(std::string_view text,
                                                 const Secret& passphrase);

/// A file that ssh-keygen reads with the passphrase, which is not empty: OpenSSH's form for
/// Ed25519, PKCS#8 for RSA. `check`: random. Errors: kUsage; kInternal.
Result<Secret> serialize_locked_file(const PrivateKey& key, const Secret& passphrase,
                                     std::uint32_t check);

}  // namespace passport::wire::ssh
