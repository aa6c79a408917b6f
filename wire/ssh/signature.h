// SSH signatures: their blobs, and who makes and checks them.
#pragma once
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/ssh/public_key.h"

namespace passport::wire::ssh {

enum class SignatureAlgorithm {
  kEd25519,
  kRsaSha512,
  kRsaSha256,
  kRsaSha1,  ///< "ssh-rsa": for old servers only
  kEcdsaP256,
  kEcdsaP384,
};

/// "ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256", "ssh-rsa", "ecdsa-sha2-nistp256", ...
std::string_view name_of(SignatureAlgorithm algorithm);
bool fits(SignatureAlgorithm algorithm, KeyType type);

/// Signs with a private key that may live elsewhere: in memory, in an HSM, in a service.
class Signer {
 public:
  virtual ~Signer() = default;
  virtual const PublicKey& public_key() const = 0;
  /// The signature's blob: string algorithm, string signature (RFC 4253 section 6.6, RFC 8332,
  /// RFC 5656 section 3.1.2, RFC 8709 section 6). Errors: kUsage when the algorithm does not
  /// fit the key; those of where the key lives.
  virtual Result<Bytes> sign(SignatureAlgorithm algorithm, ByteView data) = 0;
};

/// The signature's blob for a libcrypto private key of `type`. Errors: as Signer::sign();
/// kInternal when libcrypto refuses.
Result<Bytes> sign(EVP_PKEY* key, KeyType type, SignatureAlgorithm algorithm, ByteView data);

/// Which algorithm a signature's blob names, without checking it. Errors: kMalformed.
Result<SignatureAlgorithm> find_algorithm(ByteView signature);

/// Errors: kMalformed: not a signature's blob, or one of an algorithm that does not fit the
/// key; kDenied: it is not the key's signature of `data`.
Result<void> verify(const PublicKey& key, ByteView signature, ByteView data);

}  // namespace passport::wire::ssh
