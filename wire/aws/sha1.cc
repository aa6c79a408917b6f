#include "wire/aws/sha1.h"

#include <array>

#include <openssl/evp.h>

#include "base/text.h"

namespace passport::wire::aws {

std::string sha1_hex(std::string_view text) {
  std::array<std::uint8_t, 20> digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha1(), nullptr);
  return encode_hex(digest);
}

}  // namespace passport::wire::aws
