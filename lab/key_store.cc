#include "lab/key_store.h"

#include <boost/json/serialize.hpp>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/json.h"
#include "wire/ssm/encryption.h"

namespace passport::lab {
namespace {

using wire::ssm::PayloadCipher;

std::string random_text(const RandomSource& random, std::size_t size) {
  std::string out(size, '\0');
  random({reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
  return out;
}

std::string random_uuid(const RandomSource& random) {
  wire::ssm::Uuid uuid{};
  random(uuid);
  return wire::ssm::encode_uuid(uuid);
}

}  // namespace

KeyStore::KeyStore(std::string arn_prefix, RandomSource random)
    : arn_prefix_(std::move(arn_prefix)),
      random_(std::move(random)),
      master_(random_text(random_, wire::kDataKeySize)) {}

void KeyStore::add(const std::string& name) {
  const bool alias = name.starts_with("alias/");
  keys_.push_back(alias ? Key{random_uuid(random_), name} : Key{name, ""});
}

std::optional<std::string> KeyStore::find(std::string_view name) const {
  for (const auto& key : keys_) {
    if (name == key.id || name == arn(key.id)) return key.id;
    if (!key.alias.empty() && (name == key.alias || name == arn_prefix_ + key.alias))
      return key.id;
  }
  return std::nullopt;
}

Secret KeyStore::make_data_key(std::size_t size) const {
  return Secret(random_text(random_, size));
}

Secret KeyStore::make_wrapping_key(std::string_view id,
                                   const wire::aws::EncryptionContext& context) const {
  json::array bound{json::string_view(id.data(), id.size())};
  for (const auto& [name, value] : context) bound.push_back(json::array{name, value});
  const auto text = json::serialize(bound);
  const auto key = master_.reveal();
  std::string out(wire::kDataKeySize, '\0');
  HMAC(EVP_sha512(), key.data(), static_cast<int>(key.size()), as_bytes(text).data(),
       text.size(), reinterpret_cast<std::uint8_t*>(out.data()), nullptr);
  return Secret(std::move(out));
}

Bytes KeyStore::encrypt(std::string_view id, const Secret& plaintext,
                        const wire::aws::EncryptionContext& context) const {
  PayloadCipher::Nonce nonce{};
  random_(nonce);
  auto cipher =
      PayloadCipher::make(make_wrapping_key(id, context), PayloadCipher::End::kClient, nonce);
  Bytes out;
  cipher->encrypt(as_bytes(plaintext.reveal()), out);
  return out;
}

std::optional<KeyStore::Decrypted> KeyStore::decrypt(
    ByteView ciphertext, const wire::aws::EncryptionContext& context) const {
  for (const auto& key : keys_) {
    auto cipher =
        PayloadCipher::make(make_wrapping_key(key.id, context), PayloadCipher::End::kAgent, {});
    Bytes plain;
    if (cipher->decrypt(ciphertext, plain))
      return Decrypted{key.id, Secret(std::string(as_text(plain)))};
  }
  return std::nullopt;
}

}  // namespace passport::lab
