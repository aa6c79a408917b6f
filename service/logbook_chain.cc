#include "service/logbook_chain.h"

#include <algorithm>
#include <array>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <openssl/sha.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/text.h"
#include "wire/ssh/encoding.h"

namespace passport::service {
namespace {

using wire::ssh::append_string;

constexpr std::string_view kRecordDomain = "passport logbook record v1";
constexpr std::string_view kCheckpointDomain = "passport logbook checkpoint v1";

std::string digest_of(ByteView bytes) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  ::SHA256(bytes.data(), bytes.size(), digest.data());
  return encode_hex(digest);
}

bool is_digest(std::string_view text) {
  return text.size() == kFirstPrevious.size() &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// What is signed.
std::string text_of(const Checkpoint& checkpoint) {
  return fmt::format("{}\n{}\n{}\n{}\n{}\n", kCheckpointDomain, checkpoint.sequence,
                     checkpoint.hash, checkpoint.at, checkpoint.previous);
}

std::int64_t find_number(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  const auto* number = value != nullptr ? value->if_int64() : nullptr;
  return number != nullptr ? *number : -1;
}

LogRecord read_record(const json::object& from) {
  return {find_number(from, "sequence"), find_number(from, "at"),
          find_string(from, "actor"),    find_string(from, "action"),
          find_string(from, "object"),   find_string(from, "outcome"),
          find_string(from, "details"),  find_string(from, "previous"),
          find_string(from, "hash")};
}

Checkpoint read_checkpoint(const json::object& from) {
  return {find_number(from, "sequence"), find_number(from, "at"), find_string(from, "hash"),
          find_string(from, "previous"), find_string(from, "signature")};
}

template <class T>
bool has_form(const T& line) {
  return line.sequence > 0 && line.at >= 0 && is_digest(line.hash) && is_digest(line.previous);
}

}  // namespace

std::string hash_record(const LogRecord& record) {
  Bytes text;
  append_string(text, kRecordDomain);
  append_string(text, std::to_string(record.sequence));
  append_string(text, std::to_string(record.at));
  for (const auto* part : {&record.actor, &record.action, &record.object, &record.outcome,
                           &record.details, &record.previous})
    append_string(text, *part);
  return digest_of(text);
}

std::string hash_checkpoint(const Checkpoint& checkpoint) {
  return digest_of(as_bytes(text_of(checkpoint)));
}

Result<void> sign_checkpoint(Checkpoint& checkpoint, wire::ssh::Signer& signer) {
  const auto signature =
      signer.sign(wire::ssh::SignatureAlgorithm::kEd25519, as_bytes(text_of(checkpoint)));
  if (!signature) return signature.error();
  checkpoint.signature = encode_base64(*signature);
  return {};
}

Result<void> verify_checkpoint(const Checkpoint& checkpoint, const wire::ssh::PublicKey& key) {
  const auto signature = decode_base64(checkpoint.signature);
  if (!signature) return signature.error();
  return wire::ssh::verify(key, as_bytes(*signature), as_bytes(text_of(checkpoint)));
}

std::string render_log_line(const LogLine& line) {
  if (const auto* checkpoint = std::get_if<Checkpoint>(&line))
    return json::serialize(json::object{{"checkpoint",
                                         {{"sequence", checkpoint->sequence},
                                          {"at", checkpoint->at},
                                          {"hash", checkpoint->hash},
                                          {"previous", checkpoint->previous},
                                          {"signature", checkpoint->signature}}}});
  const auto& record = std::get<LogRecord>(line);
  return json::serialize(json::object{{"sequence", record.sequence},
                                      {"at", record.at},
                                      {"actor", record.actor},
                                      {"action", record.action},
                                      {"object", record.object},
                                      {"outcome", record.outcome},
                                      {"details", record.details},
                                      {"previous", record.previous},
                                      {"hash", record.hash}});
}

Result<LogLine> parse_log_line(std::string_view text) {
  if (text.size() > kMaxLogLine) return Error{Errc::kTooLarge, "line: too long"};
  const auto object = parse_json_object(text, "line");
  if (!object) return object.error();
  const auto* checkpoint = find_object(*object, "checkpoint");
  const LogLine line = checkpoint != nullptr ? LogLine(read_checkpoint(*checkpoint))
                                             : LogLine(read_record(*object));
  const bool good = std::visit([](const auto& what) { return has_form(what); }, line);
  // Written anew it is the same: nothing is left out, doubled or in another order.
  if (!good || render_log_line(line) != text)
    return Error{Errc::kMalformed, "line: neither a record nor a checkpoint of a Logbook"};
  return line;
}

}  // namespace passport::service
