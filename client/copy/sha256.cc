#include "client/copy/sha256.h"

#include <openssl/evp.h>

#include "base/text.h"

namespace passport::copy {

void Sha256::Free::operator()(EVP_MD_CTX* context) const {
  EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
}

void Sha256::add(ByteView bytes) {
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string Sha256::finish() {
  std::array<std::uint8_t, 32> out{};
  EVP_DigestFinal_ex(context_.get(), out.data(), nullptr);
  return encode_hex(out);
}

std::string sha256_hex(std::string_view text) {
  Sha256 hash;
  hash.add(as_bytes(text));
  return hash.finish();
}

}  // namespace passport::copy
