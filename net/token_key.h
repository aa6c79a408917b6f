// A signing key that never leaves its PKCS#11 token.
#pragma once
#include <memory>
#include <string>

#include "wire/ssh/signature.h"

namespace passport::net {

class Token;

/// Ed25519, RSA or ECDSA on P-256 or P-384, as far as the token can. Every signature is checked
/// before it is given out, so a token that was exchanged or that errs signs nothing. Blocks for
/// as long as the token takes. Not thread-safe.
class TokenKey : public wire::ssh::Signer {
 public:
  /// `uri`: "pkcs11:token=ca;object=ssh-ca?module-path=/usr/lib/softhsm/libsofthsm2.so&
  /// pin-source=/etc/passport/pin". Errors: as Token::open(); kConfig: a key of another type.
  static Result<std::unique_ptr<TokenKey>> open(const std::string& uri);
  ~TokenKey() override;

  const wire::ssh::PublicKey& public_key() const override { return public_key_; }
  /// Errors besides Signer's: as Token::sign(); kUnavailable: the signature is not the key's.
  Result<Bytes> sign(wire::ssh::SignatureAlgorithm algorithm, ByteView data) override;

 private:
  TokenKey(std::unique_ptr<Token> token, wire::ssh::PublicKey public_key);

  std::unique_ptr<Token> token_;
  wire::ssh::PublicKey public_key_;
};

}  // namespace passport::net
