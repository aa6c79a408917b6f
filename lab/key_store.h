// The keys of the lab's KMS, and what it encrypts with them.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/secret.h"
#include "wire/aws/kms_messages.h"

namespace passport::lab {

/// Fills the span with random bytes.
using RandomSource = std::function<void(std::span<std::uint8_t>)>;

/// Symmetric keys. A ciphertext says nothing by itself and is good with its encryption context
/// alone, compared exactly: both it and the key's id are part of what encrypts. Pure.
class KeyStore {
 public:
  /// `arn_prefix`: "arn:aws:kms:REGION:ACCOUNT:".
  KeyStore(std::string arn_prefix, RandomSource random);

  /// `name`: "alias/NAME" of a new key, or a key's id.
  void add(const std::string& name);
  /// The id of the key that `name` stands for: id, ARN, alias or alias ARN.
  std::optional<std::string> find(std::string_view name) const;
  std::string arn(std::string_view id) const { return arn_prefix_ + "key/" + std::string(id); }
  const std::string& arn_prefix() const { return arn_prefix_; }

  Secret make_data_key(std::size_t size) const;
  Bytes encrypt(std::string_view id, const Secret& plaintext,
                const wire::aws::EncryptionContext& context) const;
  struct Decrypted {
    std::string id;  ///< of the key
    Secret plaintext;
  };
  /// Empty: not a ciphertext of these keys with this context.
  std::optional<Decrypted> decrypt(ByteView ciphertext,
                                   const wire::aws::EncryptionContext& context) const;

 private:
  struct Key {
    std::string id;
    std::string alias;  ///< empty: none
  };
  Secret make_wrapping_key(std::string_view id,
                           const wire::aws::EncryptionContext& context) const;

  std::string arn_prefix_;
  RandomSource random_;
  Secret master_;
  std::vector<Key> keys_;
};

}  // namespace passport::lab
