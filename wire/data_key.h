// A data key as KMS hands it out: what encrypts a session.
#pragma once
#include <string>

#include "base/secret.h"

namespace passport::wire {

inline constexpr std::size_t kDataKeySize = 64;  ///< bytes; a half for each direction

struct DataKey {
  Secret plaintext{};        ///< kDataKeySize bytes
  std::string ciphertext{};  ///< base64; the agent has KMS decrypt it
};

}  // namespace passport::wire
