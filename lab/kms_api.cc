#include "lab/kms_api.h"

#include <variant>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/base64.h"
#include "base/json.h"

namespace passport::lab {
namespace {

using wire::aws::EncryptionContext;

constexpr std::int64_t kMaxDataKey = 1024;  // bytes; KMS's own bound

std::optional<EncryptionContext> read_context(const json::object& request) {
  EncryptionContext out;
  const auto* given = request.if_contains("EncryptionContext");
  if (given == nullptr || given->is_null()) return out;
  const auto* object = given->if_object();
  if (object == nullptr) return std::nullopt;
  for (const auto& [name, value] : *object) {
    const auto* text = value.if_string();
    if (text == nullptr) return std::nullopt;
    out[std::string(name)] = std::string(*text);
  }
  return out;
}

std::string find_value(const EncryptionContext& context, const std::string& name) {
  const auto it = context.find(name);
  return it == context.end() ? std::string() : it->second;
}

/// Whom the audit trail shows: the session that the context names.
ApiSubject make_subject(std::string action, std::string resource,
                        const EncryptionContext& context) {
  return {std::move(action), std::move(resource), find_value(context, "aws:ssm:TargetId"),
          find_value(context, "aws:ssm:SessionId")};
}

ApiError make_not_found(const KeyStore& keys, const std::string& name) {
  if (name.starts_with("arn:") && !name.starts_with(keys.arn_prefix())) {
    auto region = std::string_view(name);
    for (int colons = 0; colons < 3; ++colons)
      region.remove_prefix(std::min(region.size(), region.find(':') + 1));
    return {400, "NotFoundException",
            fmt::format("Invalid arn {}", region.substr(0, region.find(':')))};
  }
  const bool alias = name.find("alias/") != std::string::npos;
  const auto arn = name.starts_with("arn:") ? name
                   : alias                  ? keys.arn_prefix() + name
                                            : keys.arn(name);
  return {400, "NotFoundException",
          alias ? fmt::format("Alias {} is not found.", arn)
                : fmt::format("Key '{}' does not exist", arn)};
}

/// NumberOfBytes or KeySpec, one of them.
std::optional<std::size_t> read_size(const json::object& request) {
  const auto spec = find_string(request, "KeySpec");
  const auto* number = request.if_contains("NumberOfBytes");
  if ((number != nullptr) == !spec.empty()) return std::nullopt;
  if (spec == "AES_256") return 32;
  if (spec == "AES_128") return 16;
  if (number == nullptr || !number->is_int64() || number->get_int64() < 1 ||
      number->get_int64() > kMaxDataKey)
    return std::nullopt;
  return static_cast<std::size_t>(number->get_int64());
}

wire::HttpResponse answer_generate_data_key(const ApiCall& call, const json::object& request) {
  const auto& keys = call.state.keys;
  const auto name = find_string(request, "KeyId");
  const auto context = read_context(request);
  if (!context) return make_json_error({400, "SerializationException", ""});
  const auto id = keys.find(name);
  const auto subject = make_subject("kms:GenerateDataKey", id ? keys.arn(*id) : name, *context);
  if (auto denial = find_denial(call, subject)) return refuse(call, subject, *denial);
  if (!id) return refuse(call, subject, make_not_found(keys, name));
  const auto size = read_size(request);
  if (!size) {
    return refuse(
        call, subject,
        {400, "ValidationException", "Please specify either number of bytes or key spec."});
  }
  const auto data_key = keys.make_data_key(*size);
  write_audit(call, subject, "ok");
  return make_json_answer(
      200, json::serialize(json::object{
               {"CiphertextBlob", encode_base64(keys.encrypt(*id, data_key, *context))},
               {"Plaintext", encode_base64(as_bytes(data_key.reveal()))},
               {"KeyId", keys.arn(*id)}}));
}

std::variant<KeyStore::Decrypted, ApiError> decrypt(const KeyStore& keys,
                                                    std::string_view ciphertext,
                                                    const EncryptionContext& context,
                                                    const std::string& key_name) {
  const auto id = keys.find(key_name);
  if (!key_name.empty() && !id) return make_not_found(keys, key_name);
  const auto bytes = decode_base64(ciphertext);
  if (!bytes) return ApiError{400, "SerializationException", ""};
  auto done = keys.decrypt(as_bytes(*bytes), context);
  if (!done) return ApiError{400, "InvalidCiphertextException", ""};
  if (id && *id != done->id) {
    return ApiError{400, "IncorrectKeyException",
                    "The key ID in the request does not identify a CMK that can perform this "
                    "operation."};
  }
  return std::move(*done);
}

wire::HttpResponse answer_decrypt(const ApiCall& call, const json::object& request) {
  const auto& keys = call.state.keys;
  const auto name = find_string(request, "KeyId");
  const auto context = read_context(request);
  if (!context) return make_json_error({400, "SerializationException", ""});
  const auto id = keys.find(name);
  const auto subject = make_subject("kms:Decrypt", id ? keys.arn(*id) : name, *context);
  if (auto denial = find_denial(call, subject)) return refuse(call, subject, *denial);
  const auto done = decrypt(keys, find_string(request, "CiphertextBlob"), *context, name);
  if (const auto* error = std::get_if<ApiError>(&done)) return refuse(call, subject, *error);
  const auto& decrypted = std::get<KeyStore::Decrypted>(done);
  write_audit(call, subject, "ok");
  return make_json_answer(
      200, json::serialize(json::object{
               {"KeyId", keys.arn(decrypted.id)},
               {"Plaintext", encode_base64(as_bytes(decrypted.plaintext.reveal()))},
               {"EncryptionAlgorithm", "SYMMETRIC_DEFAULT"}}));
}

}  // namespace

wire::HttpResponse answer_kms(const ApiCall& call, std::string_view operation,
                              std::string_view body) {
  const auto parsed = parse_json_object(body.empty() ? "{}" : body, "request");
  if (!parsed) return make_json_error({400, "SerializationException", ""});
  if (operation == "GenerateDataKey") return answer_generate_data_key(call, *parsed);
  if (operation == "Decrypt") return answer_decrypt(call, *parsed);
  return make_json_error({400, "UnknownOperationException", ""});
}

Result<Secret> decrypt_for_agent(ServiceState& state, const Session& session,
                                 const wire::ssm::KeyOffered& offered,
                                 std::int64_t now_unix_s) {
  const auto context =
      wire::aws::make_session_context(session.id, session.target, offered.challenge);
  auto done = decrypt(state.keys, offered.ciphertext, context, session.kms_key);
  auto* error = std::get_if<ApiError>(&done);
  state.audit(
      {now_unix_s, "", "kms:Decrypt", session.target, session.id, error ? error->code : "ok"});
  if (error == nullptr) return std::move(std::get<KeyStore::Decrypted>(done).plaintext);
  return Error{Errc::kDenied,
               "Encountered error while initiating handshake. Fetching data key failed: Unable "
               "to retrieve data key, Error when decrypting data key " +
                   error->code};
}

}  // namespace passport::lab
