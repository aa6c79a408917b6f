#include "wire/aws/kms_messages.h"

#include <boost/json/serialize.hpp>

#include "base/base64.h"
#include "base/json.h"

namespace passport::wire::aws {

EncryptionContext make_session_context(std::string session_id, std::string target,
                                       std::string challenge) {
  EncryptionContext out{{"aws:ssm:SessionId", std::move(session_id)},
                        {"aws:ssm:TargetId", std::move(target)}};
  if (!challenge.empty()) out["aws:ssm:RandomChallenge"] = std::move(challenge);
  return out;
}

HttpRequest make_kms_request(std::string_view operation, std::string body) {
  HttpRequest request;
  request.method = "POST";
  request.headers = {{"Content-Type", "application/x-amz-json-1.1"},
                     {"X-Amz-Target", "TrentService." + std::string(operation)}};
  request.body = std::move(body);
  return request;
}

std::string serialize_generate_data_key(std::string_view key_id,
                                        const EncryptionContext& context) {
  json::object out;
  out["KeyId"] = json::string_view(key_id.data(), key_id.size());
  out["NumberOfBytes"] = kDataKeySize;
  json::object pairs;
  for (const auto& [name, value] : context) pairs[name] = value;
  out["EncryptionContext"] = std::move(pairs);
  return json::serialize(out);
}

Result<DataKey> parse_data_key(std::string_view body) {
  const auto parsed = parse_json_object(body, "answer");
  if (!parsed) return Error{Errc::kProtocol, parsed.error().detail};
  auto plaintext = decode_base64(find_string(*parsed, "Plaintext"));
  if (!plaintext || plaintext->size() != kDataKeySize)
    return Error{Errc::kProtocol, "answer without a usable Plaintext"};
  DataKey out;
  out.plaintext = Secret(std::move(*plaintext));
  out.ciphertext = find_string(*parsed, "CiphertextBlob");
  if (out.ciphertext.empty() || out.ciphertext.size() > kMaxCiphertext ||
      !decode_base64(out.ciphertext))
    return Error{Errc::kProtocol, "answer without a usable CiphertextBlob"};
  return out;
}

}  // namespace passport::wire::aws
