#include "keyagent/shielded_key.h"

#include <stdexcept>

#include <openssl/evp.h>

#include "keyagent/own_memory.h"

namespace passport::keyagent {
namespace {

using wire::ssh::PrivateKey;
using wire::ssh::SecureBuffer;

constexpr std::size_t kDigestSize = 32;
constexpr std::size_t kSeedSize = 32;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

}  // namespace

Shield::Shield(const RandomSource& random) : prekey_(kPrekeySize) {
  random(prekey_.span());
}

void Shield::apply(const Nonce& nonce, ByteView in, std::span<std::uint8_t> out) const {
  SecureBuffer key(kDigestSize);
  const auto prekey = prekey_.view();
  const std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context(EVP_CIPHER_CTX_new());
  int size = 0;
  const bool good = EVP_Digest(prekey.data(), prekey.size(), key.span().data(), nullptr,
                               EVP_sha256(), nullptr) == 1 &&
                    context != nullptr &&
                    EVP_EncryptInit_ex(context.get(), EVP_aes_256_ctr(), nullptr,
                                       key.view().data(), nonce.data()) == 1 &&
                    EVP_EncryptUpdate(context.get(), out.data(), &size, in.data(),
                                      static_cast<int>(in.size())) == 1;
  if (!good) throw std::runtime_error("libcrypto cannot shield a key");
}

ShieldedKey::ShieldedKey(std::shared_ptr<const Shield> shield, PrivateKey key,
                         const RandomSource& random)
    : shield_(std::move(shield)), public_key_(key.public_key()) {
  const auto secret = key.export_secret();
  random(nonce_);
  encrypted_.resize(secret.view().size());
  shield_->apply(nonce_, secret.view(), encrypted_);
  wipe_stack();
}

Result<Bytes> ShieldedKey::sign(wire::ssh::SignatureAlgorithm algorithm, ByteView data) {
  auto signature = sign_unshielded(algorithm, data);
  wipe_stack();
  return signature;
}

Result<Bytes> ShieldedKey::sign_unshielded(wire::ssh::SignatureAlgorithm algorithm,
                                           ByteView data) const {
  SecureBuffer secret(encrypted_.size());
  shield_->apply(nonce_, encrypted_, secret.span());
  auto key = PrivateKey::import_secret(public_key_, secret.view());
  if (!key) return key.error();
  return key->sign(algorithm, data);
}

PrivateKey make_ed25519(const RandomSource& random) {
  SecureBuffer seed(kSeedSize);
  random(seed.span());
  auto key = PrivateKey::from_ed25519_seed(seed.view());
  if (!key) throw std::runtime_error(key.error().detail);
  return std::move(*key);
}

}  // namespace passport::keyagent
