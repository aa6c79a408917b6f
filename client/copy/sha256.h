// SHA-256, of text and piece by piece. Pure.
#pragma once
#include <array>
#include <memory>
#include <string>
#include <string_view>

#include <openssl/types.h>

#include "base/bytes.h"

namespace passport::copy {

class Sha256 {
 public:
  Sha256();
  void add(ByteView bytes);
  /// In lower-case hexadecimal; nothing is added after it.
  std::string finish();

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const;
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

std::string sha256_hex(std::string_view text);

}  // namespace passport::copy
