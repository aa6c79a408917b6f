// SSH public keys: their blobs, names, fingerprints and one-line form.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include <openssl/types.h>

#include "base/bytes.h"
#include "base/result.h"

namespace passport::wire::ssh {

enum class KeyType { kEd25519, kRsa, kEcdsaP256, kEcdsaP384 };

inline constexpr unsigned kLeastRsaBits = 2048;
inline constexpr unsigned kMostRsaBits = 16384;

/// A plain key, never a certificate. Blobs: RFC 4253 section 6.6 (ssh-rsa), RFC 5656 section
/// 3.1 (ecdsa-sha2-*), RFC 8709 section 4 (ssh-ed25519).
struct PublicKey {
  KeyType type = KeyType::kEd25519;
  Bytes blob;

  bool operator==(const PublicKey&) const = default;
};

/// "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384".
std::string_view name_of(KeyType type);

/// Exactly one key. Errors: kMalformed: lengths, a number that is not in its shortest form, a
/// point that is not on its curve, an RSA modulus outside the limits, an even exponent, another
/// type.
Result<PublicKey> parse_public_key(ByteView blob);

/// "SHA256:" and base64 without padding, as ssh-keygen -l prints it.
std::string fingerprint(ByteView blob);

/// "ssh-ed25519 AAAA... comment", without a line feed.
std::string render_public_key(const PublicKey& key, std::string_view comment);
/// The first two words of such a line. Errors: kMalformed, also when the name in front is not
/// that of the blob.
Result<PublicKey> parse_public_key_line(std::string_view line);

struct FreePkey {
  void operator()(EVP_PKEY* key) const;
};
using Pkey = std::unique_ptr<EVP_PKEY, FreePkey>;

/// The key as libcrypto wants it. Errors: kMalformed as parse_public_key().
Result<Pkey> make_pkey(const PublicKey& key);

}  // namespace passport::wire::ssh
