// The encryption of a session's bytes with a data key of KMS, between client and agent.
#pragma once
#include <array>
#include <memory>
#include <string_view>

#include <openssl/types.h>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "wire/data_key.h"
#include "wire/ssm/agent_message.h"

namespace passport::wire::ssm {

inline constexpr std::size_t kNonceSize = 12;           ///< bytes
inline constexpr std::size_t kEncryptionOverhead = 28;  ///< bytes a payload: nonce and tag

/// Payloads that are encrypted; the client sends kOutput alone of them.
/// Source: amazon-ssm-agent datachannel.go SendStreamDataMessage, processStreamDataMessage.
constexpr bool is_encrypted(PayloadType type) {
  return type == PayloadType::kOutput || type == PayloadType::kStdErr ||
         type == PayloadType::kExitCode;
}

/// One end's AES-256-GCM, without associated data. An encrypted payload is
///
///   offset size field
///        0   12 nonce
///       12    - ciphertext, as long as what was encrypted
///        -   16 tag
///
/// The agent encrypts with the first half of the data key and the client with the second.
/// Nonces count up from a first one, as the agent's do (crypto/nonce.go), so that none comes
/// twice: a data key belongs to one session, and random ones, as the plugin's, would have to
/// stop at 2^32 messages (NIST SP 800-38D, 8.3). libcrypto holds the keys, and wipes them.
class PayloadCipher {
 public:
  enum class End { kClient, kAgent };
  using Nonce = std::array<std::uint8_t, kNonceSize>;

  /// Errors: kMalformed unless `data_key` has kDataKeySize bytes.
  static Result<PayloadCipher> make(const Secret& data_key, End end, const Nonce& first);
  /// A first nonce of a random UUID.
  static Nonce make_nonce(const Uuid& uuid);

  /// Appends the encrypted payload.
  void encrypt(ByteView plain, Bytes& out);
  /// Replaces `out`. Errors: kMalformed when `payload` is too short or was not made by the
  /// other end; then `out` is empty.
  Result<void> decrypt(ByteView payload, Bytes& out);

 private:
  struct Free {
    void operator()(EVP_CIPHER_CTX* context) const;
  };
  using Context = std::unique_ptr<EVP_CIPHER_CTX, Free>;
  static Context make_context(ByteView key, bool encrypts);
  PayloadCipher(Context encrypts, Context decrypts, const Nonce& first);
  void count();

  Context encrypts_;
  Context decrypts_;
  Nonce nonce_;  ///< of the next message, counted as the agent does: little-endian
};

/// Whether a KMS key that the agent names is the one expected. Both name it as KMS lets: key
/// id, key ARN, alias ("alias/NAME") or alias ARN. Two ARNs must be equal; an ARN and a name
/// without account and region are the same when the ARN ends with the name, key for key and
/// alias for alias. What key an alias stands for is not known here: an alias and a key are
/// never the same.
bool is_same_key(std::string_view expected, std::string_view named);

}  // namespace passport::wire::ssm
