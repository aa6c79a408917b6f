#include "wire/ssm/payloads.h"

#include <charconv>
#include <limits>

#include <boost/json/serialize.hpp>

#include "base/base64.h"
#include "base/json.h"

namespace passport::wire::ssm {
namespace {

std::string_view view(const json::string& s) {
  return {s.data(), s.size()};
}

json::string_view jv(std::string_view s) {
  return {s.data(), s.size()};
}

std::string text_of(const json::value& value) {
  if (const auto* s = value.if_string()) return std::string(view(*s));
  return json::serialize(value);
}

/// Properties as text pairs: the real agent sends strings, a number is shown as its text.
std::vector<std::pair<std::string, std::string>> read_properties(const json::object* object) {
  std::vector<std::pair<std::string, std::string>> out;
  if (object == nullptr) return out;
  for (const auto& member : *object)
    out.emplace_back(std::string(member.key()), text_of(member.value()));
  return out;
}

constexpr std::string_view kExitCodeMark = "EXIT_CODE: ";

Result<void> read_kms(const json::object& parameters, HandshakeRequest& request) {
  if (request.kms_encryption)
    return Error{Errc::kMalformed, "handshake request: encryption is asked for twice"};
  request.kms_encryption = true;
  request.kms_key_id = find_string(parameters, "KMSKeyId");
  request.kms_challenge = find_string(parameters, "Challenge");
  if (request.kms_key_id.empty() || request.kms_key_id.size() > kMaxKeyName)
    return Error{Errc::kMalformed, "handshake request: encryption without a usable KMSKeyId"};
  if (request.kms_challenge.size() > kMaxKmsContext)
    return Error{Errc::kMalformed, "handshake request: the Challenge is too long"};
  return {};
}

/// As the plugin's: KMSCipherTextHash is named and never set
/// (session-manager-plugin handshakemessage.go KMSEncryptionResponse).
json::value make_result(const ProcessedClientAction& action) {
  if (!action.kms) return nullptr;
  json::object out{{"KMSCipherTextKey", action.kms->ciphertext_key},
                   {"KMSCipherTextHash", nullptr}};
  if (action.kms->challenge_acknowledged) out["ChallengeAcknowledgement"] = true;
  return out;
}

std::optional<KmsResult> read_result(const json::object& action) {
  const auto* result = find_object(action, "ActionResult");
  if (result == nullptr || find_string(action, "ActionType") != kKmsEncryption) return {};
  const auto* acknowledged = result->if_contains("ChallengeAcknowledgement");
  return KmsResult{find_string(*result, "KMSCipherTextKey"), acknowledged != nullptr &&
                                                                 acknowledged->is_bool() &&
                                                                 acknowledged->get_bool()};
}

}  // namespace

bool is_shell_session(std::string_view session_type) {
  return session_type == kStandardStream || session_type == kInteractiveCommands ||
         session_type == kNonInteractiveCommands;
}

void serialize_acknowledge(const Acknowledge& a, Bytes& out) {
  // Written by hand: one goes out for each message that comes in.
  append(out, as_bytes(R"({"AcknowledgedMessageType":")"));
  append(out, as_bytes(a.message_type));
  append(out, as_bytes(R"(","AcknowledgedMessageId":")"));
  append(out, as_bytes(encode_uuid(a.message_id)));
  append(out, as_bytes(R"(","AcknowledgedMessageSequenceNumber":)"));
  std::array<char, 24> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), a.sequence_number).ptr;
  append(out, as_bytes({digits.data(), static_cast<std::size_t>(end - digits.data())}));
  append(out, as_bytes(R"(,"IsSequentialMessage":)"));
  append(out, as_bytes(a.is_sequential ? "true}" : "false}"));
}

Result<Acknowledge> parse_acknowledge(ByteView payload) {
  auto object = parse_json_object(as_text(payload), "acknowledge");
  if (!object) return object.error();
  Acknowledge a;
  const auto type = find_string(*object, "AcknowledgedMessageType");
  for (const auto known : {kInputStreamData, kOutputStreamData})
    if (type == known) a.message_type = known;
  const auto id = decode_uuid(find_string(*object, "AcknowledgedMessageId"));
  if (!id) return Error{Errc::kMalformed, "acknowledge: message id is not a UUID"};
  a.message_id = *id;
  const auto* number = object->if_contains("AcknowledgedMessageSequenceNumber");
  if (number == nullptr || !number->is_int64() || number->get_int64() < 0)
    return Error{Errc::kMalformed, "acknowledge: no sequence number"};
  a.sequence_number = number->get_int64();
  const auto* sequential = object->if_contains("IsSequentialMessage");
  a.is_sequential = sequential != nullptr && sequential->is_bool() && sequential->get_bool();
  return a;
}

std::string serialize_open_data_channel(const OpenDataChannel& open) {
  json::object o;
  o["MessageSchemaVersion"] = "1.0";
  o["RequestId"] = open.request_id;
  o["TokenValue"] = jv(open.token.reveal());
  if (!open.client_instance_id.empty()) o["ClientInstanceId"] = open.client_instance_id;
  o["ClientId"] = open.client_id;
  if (!open.client_version.empty()) o["ClientVersion"] = open.client_version;
  return json::serialize(o);
}

Result<OpenDataChannel> parse_open_data_channel(std::string_view text) {
  auto object = parse_json_object(text, "open data channel");
  if (!object) return object.error();
  OpenDataChannel open;
  open.request_id = find_string(*object, "RequestId");
  open.token = Secret(find_string(*object, "TokenValue"));
  open.client_id = find_string(*object, "ClientId");
  open.client_version = find_string(*object, "ClientVersion");
  open.client_instance_id = find_string(*object, "ClientInstanceId");
  if (open.token.empty()) return Error{Errc::kMalformed, "open data channel: no TokenValue"};
  return open;
}

std::string serialize_handshake_request(const HandshakeRequest& request) {
  json::array actions;
  json::object properties;
  for (const auto& [name, value] : request.properties) properties[name] = value;
  json::object parameters;
  parameters["SessionType"] = request.session_type;
  parameters["Properties"] = properties;
  actions.push_back(
      json::object{{"ActionType", "SessionType"}, {"ActionParameters", parameters}});
  if (request.kms_encryption) {
    json::object kms{{"KMSKeyId", request.kms_key_id}};
    if (!request.kms_challenge.empty()) kms["Challenge"] = request.kms_challenge;
    actions.push_back(
        json::object{{"ActionType", jv(kKmsEncryption)}, {"ActionParameters", kms}});
  }
  return json::serialize(json::object{{"AgentVersion", request.agent_version},
                                      {"RequestedClientActions", actions}});
}

Result<HandshakeRequest> parse_handshake_request(ByteView payload) {
  auto object = parse_json_object(as_text(payload), "handshake request");
  if (!object) return object.error();
  HandshakeRequest request;
  request.agent_version = find_string(*object, "AgentVersion");
  const auto* actions = find_array(*object, "RequestedClientActions");
  if (actions == nullptr)
    return Error{Errc::kMalformed, "handshake request: no RequestedClientActions"};
  if (actions->size() > kMaxActions)
    return Error{Errc::kMalformed, "handshake request: too many actions"};
  for (const auto& item : *actions) {
    const auto* action = item.if_object();
    if (action == nullptr)
      return Error{Errc::kMalformed, "handshake request: an action is no object"};
    const auto type = find_string(*action, "ActionType");
    if (type.size() > kMaxActionName)
      return Error{Errc::kMalformed, "handshake request: the name of an action is too long"};
    const auto* parameters = find_object(*action, "ActionParameters");
    if (type == "SessionType" && parameters != nullptr) {
      request.session_type = find_string(*parameters, "SessionType");
      request.properties = read_properties(find_object(*parameters, "Properties"));
    } else if (type == kKmsEncryption && parameters != nullptr) {
      if (auto taken = read_kms(*parameters, request); !taken) return taken.error();
    } else {
      request.unknown_actions.push_back(type);
    }
  }
  return request;
}

std::string serialize_handshake_response(const HandshakeResponse& response) {
  json::array actions;
  for (const auto& action : response.actions)
    actions.push_back(json::object{{"ActionType", action.action_type},
                                   {"ActionStatus", static_cast<int>(action.status)},
                                   {"ActionResult", make_result(action)},
                                   {"Error", action.error}});
  return json::serialize(json::object{{"ClientVersion", response.client_version},
                                      {"ProcessedClientActions", actions},
                                      {"Errors", nullptr}});
}

Result<HandshakeResponse> parse_handshake_response(ByteView payload) {
  auto object = parse_json_object(as_text(payload), "handshake response");
  if (!object) return object.error();
  HandshakeResponse response;
  response.client_version = find_string(*object, "ClientVersion");
  const auto* actions = find_array(*object, "ProcessedClientActions");
  if (actions == nullptr)
    return Error{Errc::kMalformed, "handshake response: no ProcessedClientActions"};
  for (const auto& item : *actions) {
    const auto* action = item.if_object();
    const auto* status = action != nullptr ? action->if_contains("ActionStatus") : nullptr;
    if (status == nullptr || !status->is_int64() || status->get_int64() < 1 ||
        status->get_int64() > 3)
      return Error{Errc::kMalformed, "handshake response: an action has no status"};
    response.actions.push_back({find_string(*action, "ActionType"),
                                static_cast<ActionStatus>(status->get_int64()),
                                find_string(*action, "Error"), read_result(*action)});
  }
  return response;
}

std::string serialize_handshake_complete(std::chrono::nanoseconds time_to_complete,
                                         std::string_view customer_message) {
  return json::serialize(json::object{{"HandshakeTimeToComplete", time_to_complete.count()},
                                      {"CustomerMessage", jv(customer_message)}});
}

std::string serialize_encryption_challenge(ByteView encrypted) {
  return json::serialize(json::object{{"Challenge", encode_base64(encrypted)}});
}

Result<std::string> parse_encryption_challenge(ByteView payload) {
  const auto object = parse_json_object(as_text(payload), "encryption challenge");
  if (!object) return object.error();
  auto challenge = decode_base64(find_string(*object, "Challenge"));
  if (!challenge) return Error{Errc::kMalformed, "encryption challenge: not base64"};
  if (challenge->size() > kMaxEncryptionChallenge)
    return Error{Errc::kTooLarge, "encryption challenge: too large"};
  return challenge;
}

std::string serialize_channel_closed(const ChannelClosed& closed, std::string_view message_id,
                                     std::uint64_t created_date_ms) {
  return json::serialize(json::object{{"MessageId", jv(message_id)},
                                      {"CreatedDate", std::to_string(created_date_ms)},
                                      {"DestinationId", ""},
                                      {"SessionId", closed.session_id},
                                      {"MessageType", jv(kChannelClosed)},
                                      {"SchemaVersion", 1},
                                      {"Output", closed.output}});
}

Result<ChannelClosed> parse_channel_closed(ByteView payload) {
  auto object = parse_json_object(as_text(payload), "channel_closed");
  if (!object) return object.error();
  return ChannelClosed{find_string(*object, "SessionId"), find_string(*object, "Output")};
}

std::string serialize_agent_session_state(std::string_view session_id, std::string_view state) {
  return json::serialize(json::object{
      {"SchemaVersion", 1}, {"SessionState", jv(state)}, {"SessionId", jv(session_id)}});
}

std::string serialize_size(const TerminalSize& size) {
  return json::serialize(json::object{{"cols", size.cols}, {"rows", size.rows}});
}

Result<TerminalSize> parse_size(ByteView payload) {
  const auto object = parse_json_object(as_text(payload), "size");
  if (!object) return object.error();
  TerminalSize size;
  const auto read = [&](const char* name, std::uint32_t& into) {
    const auto* value = object->if_contains(name);
    if (value == nullptr || !value->is_int64() || value->get_int64() < 0 ||
        value->get_int64() > std::numeric_limits<std::uint32_t>::max())
      return false;
    into = static_cast<std::uint32_t>(value->get_int64());
    return true;
  };
  if (!read("cols", size.cols) || !read("rows", size.rows))
    return Error{Errc::kMalformed, "size: no cols or rows"};
  return size;
}

std::string serialize_exit_code(int exit_code) {
  return std::string(kExitCodeMark) + std::to_string(exit_code);
}

Result<int> parse_exit_code(ByteView payload) {
  auto text = as_text(payload);
  int code = 0;
  if (text.starts_with(kExitCodeMark)) {
    text.remove_prefix(kExitCodeMark.size());
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), code);
    if (ec == std::errc() && end == text.data() + text.size()) return code;
  }
  return Error{Errc::kMalformed, "exit code: not a number"};
}

std::array<std::uint8_t, 4> serialize_flag(Flag flag) {
  return {0, 0, 0, static_cast<std::uint8_t>(flag)};
}

Result<Flag> parse_flag(ByteView payload) {
  ByteReader r(payload);
  const auto flag = static_cast<Flag>(r.u32());
  if (!r.ok() || r.left() != 0) return Error{Errc::kMalformed, "flag: not four bytes"};
  return flag;
}

int compare_versions(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    const auto next = [](std::string_view& s, bool& number) {
      unsigned value = 0;
      const auto [end, ec] = std::from_chars(s.data(), s.data() + s.size(), value);
      number = s.empty() || ec == std::errc();
      s.remove_prefix(static_cast<std::size_t>(end - s.data()));
      if (!s.empty()) s.remove_prefix(1);
      return value;
    };
    bool a_number = true;
    bool b_number = true;
    const auto x = next(a, a_number);
    const auto y = next(b, b_number);
    if (!a_number || !b_number) break;
    if (x != y) return x < y ? -1 : 1;
  }
  return 0;
}

}  // namespace passport::wire::ssm
