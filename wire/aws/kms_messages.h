// The call of KMS that an encrypted session needs: request body and answer (JSON 1.1).
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/data_key.h"
#include "wire/http.h"

namespace passport::wire::aws {

/// What a ciphertext is bound to: whoever decrypts it must say the same.
using EncryptionContext = std::map<std::string, std::string>;

/// As client and agent make it. `challenge` is the agent's, in base64; empty: none.
/// Source: amazon-ssm-agent agent/session/crypto/blockcipher.go UpdateEncryptionKey.
EncryptionContext make_session_context(std::string session_id, std::string target,
                                       std::string challenge);

/// The POST of one operation, not signed.
HttpRequest make_kms_request(std::string_view operation, std::string body);

/// For a key of kDataKeySize bytes. `key_id`: id, ARN, alias or alias ARN.
std::string serialize_generate_data_key(std::string_view key_id,
                                        const EncryptionContext& context);

inline constexpr std::size_t kMaxCiphertext = 8192;  ///< characters; KMS's own: 6144 bytes
/// Errors: kProtocol, without the text, unless it holds a key of kDataKeySize bytes and its
/// ciphertext.
Result<DataKey> parse_data_key(std::string_view body);

}  // namespace passport::wire::aws
