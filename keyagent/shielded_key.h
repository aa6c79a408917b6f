// Private keys that cannot be read from this process's memory while they are not in use.
#pragma once
#include <array>
#include <memory>
#include <span>

#include "keyagent/random_source.h"
#include "wire/ssh/private_key.h"

namespace passport::keyagent {

/// Keys are encrypted with AES-256-CTR under a digest of kPrekeySize random bytes, as OpenSSH's
/// (sshkey.c sshkey_shield_private): whoever would read a key by a fault of the hardware has
/// to read all of them without an error. Not thread-safe.
class Shield {
 public:
  static constexpr std::size_t kPrekeySize = 16 << 10;  ///< bytes
  static constexpr std::size_t kNonceSize = 16;
  using Nonce = std::array<std::uint8_t, kNonceSize>;

  explicit Shield(const RandomSource& random);

  /// Encrypts or decrypts; `out` as long as `in`, perhaps the same. A nonce serves one text.
  void apply(const Nonce& nonce, ByteView in, std::span<std::uint8_t> out) const;

 private:
  wire::ssh::SecureBuffer prekey_;
};

/// Decrypted for as long as a signature takes; then key, what libcrypto made of it and the
/// stack are wiped. The program must have libcrypto wipe what it frees: keyagent/own_memory.h.
class ShieldedKey : public wire::ssh::Signer {
 public:
  /// Takes over `key`, which goes.
  ShieldedKey(std::shared_ptr<const Shield> shield, wire::ssh::PrivateKey key,
              const RandomSource& random);

  const wire::ssh::PublicKey& public_key() const override { return public_key_; }
  Result<Bytes> sign(wire::ssh::SignatureAlgorithm algorithm, ByteView data) override;

 private:
  Result<Bytes> sign_unshielded(wire::ssh::SignatureAlgorithm algorithm, ByteView data) const;

  std::shared_ptr<const Shield> shield_;
  wire::ssh::PublicKey public_key_;
  Shield::Nonce nonce_{};
  Bytes encrypted_;
};

/// An Ed25519 key of new random bytes.
wire::ssh::PrivateKey make_ed25519(const RandomSource& random);

}  // namespace passport::keyagent
