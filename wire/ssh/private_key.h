// A private key in this process's memory, and its OpenSSH file.
#pragma once
#include <string>
#include <string_view>

#include "base/secret.h"
#include "wire/ssh/secure_buffer.h"
#include "wire/ssh/signature.h"

namespace passport::wire::ssh {

/// Ed25519 or RSA. libcrypto holds the key; it is wiped when this goes.
class PrivateKey : public Signer {
 public:
  /// From RFC 8032's 32 secret bytes. Errors: kUsage.
  static Result<PrivateKey> from_ed25519_seed(ByteView seed);
  /// A new RSA key; takes 0.1 to some seconds. Its randomness is libcrypto's. Errors: kUsage
  /// unless 3072 or 4096 bits.
  static Result<PrivateKey> generate_rsa(unsigned bits);

  /// A key pair that libcrypto has. Errors: kMalformed outside the limits of public keys.
  static Result<PrivateKey> from_rsa(Pkey key);

  const PublicKey& public_key() const override { return public_key_; }
  Result<Bytes> sign(SignatureAlgorithm algorithm, ByteView data) override;

  /// The secret half, to be kept in another way: an Ed25519 seed; or, each as an mpint, RSA's
  /// n, e, d, iqmp, p, q, d mod (p - 1), d mod (q - 1).
  SecureBuffer export_secret() const;
  /// What export_secret() gave, with its public half: whether they belong together is not
  /// checked, which takes as long as a signature. Errors: kMalformed.
  static Result<PrivateKey> import_secret(PublicKey public_key, ByteView secret);

  /// The file that ssh-keygen writes, without a passphrase. `check`: random; the two copies of
  /// it show a reader that it decrypted well. Source: OpenSSH PROTOCOL.key.
  Secret serialize_file(std::string_view comment, std::uint32_t check) const;
  /// A PKCS#8 file under a passphrase that is not empty. Errors: kInternal.
  Result<Secret> serialize_pkcs8(const Secret& passphrase) const;

 private:
  friend Result<PrivateKey> parse_private_key_file(std::string_view text);
  PrivateKey(Pkey key, PublicKey public_key)
      : key_(std::move(key)), public_key_(std::move(public_key)) {}

  Pkey key_;
  PublicKey public_key_;
};

/// The file of an Ed25519 or RSA key. Errors: kMalformed; kDenied when it wants a passphrase.
Result<PrivateKey> parse_private_key_file(std::string_view text);

}  // namespace passport::wire::ssh
