#include "lab/control_messages.h"

#include <algorithm>

#include <boost/json/serialize.hpp>

#include "base/json.h"
#include "lab/shell_document.h"
#include "wire/ssm/payloads.h"

namespace passport::lab {
namespace {

using wire::ssm::encode_uuid;

wire::WebSocketMessage make_frame(std::string_view type, std::string_view payload,
                                  const FrameStamp& stamp) {
  wire::ssm::AgentMessage m;
  m.message_type = type;
  m.created_date = stamp.unix_ms;
  m.flags = wire::ssm::kFlagSyn | wire::ssm::kFlagFin;
  m.message_id = stamp.message_id;
  m.payload_digest = wire::ssm::compute_digest(as_bytes(payload));
  m.payload = as_bytes(payload);
  wire::WebSocketMessage out;
  wire::ssm::serialize_agent_message(m, out.bytes);
  return out;
}

json::object make_parameter(const char* fallback) {
  json::object out{{"type", "String"}, {"description", ""}, {"allowedPattern", "^.*$"}};
  if (fallback) out["default"] = fallback;
  return out;
}

constexpr char kForwardType[] = "LocalPortForwarding";

/// The session document, with one property for each parameter.
json::object make_document(const Session& session) {
  if (is_shell_document(session.document)) return make_shell_document(session);
  json::object parameters{{"portNumber", make_parameter(session.forwards() ? "80" : "22")}};
  json::object properties{{"portNumber", "{{ portNumber }}"}};
  if (session.forwards()) {
    parameters["localPortNumber"] = make_parameter("0");
    properties["localPortNumber"] = "{{ localPortNumber }}";
    properties["type"] = kForwardType;
  }
  if (session.parameters.contains("host")) {
    parameters["host"] = make_parameter(nullptr);
    properties["host"] = "{{ host }}";
  }
  return {{"schemaVersion", "1.0"},
          {"description", session.document},
          {"sessionType", "Port"},
          {"inputs", json::object{}},
          {"parameters", std::move(parameters)},
          {"properties", std::move(properties)}};
}

}  // namespace

std::vector<std::pair<std::string, std::string>> make_properties(const Session& session) {
  if (is_shell_document(session.document)) return {};
  std::vector<std::pair<std::string, std::string>> out{{"portNumber", session.port()}};
  if (!session.forwards()) return out;
  const auto local_port = session.parameter("localPortNumber");
  out.emplace_back("localPortNumber", local_port.empty() ? "0" : local_port);
  out.emplace_back("type", kForwardType);
  if (const auto host = session.parameter("host"); !host.empty())
    out.emplace_back("host", host);
  return out;
}

wire::WebSocketMessage make_interactive_shell(const Session& session, const FrameStamp& stamp) {
  json::object values;  // of type String: passed as strings, not as lists
  for (const auto& [name, list] : session.parameters) {
    if (!list.empty()) values[name] = list.front();
  }
  auto document = make_document(session);
  if (!session.kms_key.empty())
    document["inputs"] = json::object{{"kmsKeyId", session.kms_key}};
  const json::object content{{"DocumentName", session.document},
                             {"DocumentContent", std::move(document)},
                             {"SessionId", session.id},
                             {"Parameters", std::move(values)},
                             {"RunAsUser", ""},
                             {"SessionOwner", session.owner}};
  return make_frame("interactive_shell",
                    json::serialize(json::object{{"Content", json::serialize(content)},
                                                 {"TaskId", session.id},
                                                 {"Topic", "aws.ssm.startSession"},
                                                 {"SchemaVersion", 1}}),
                    stamp);
}

Result<OpenControlChannel> parse_open_control_channel(std::string_view text) {
  const auto parsed = parse_json_object(text, "open control channel");
  if (!parsed) return parsed.error();
  OpenControlChannel out{Secret(find_string(*parsed, "TokenValue")),
                         find_string(*parsed, "AgentVersion")};
  if (out.token.empty()) return Error{Errc::kMalformed, "open control channel: no TokenValue"};
  return out;
}

Result<TaskComplete> parse_task_complete(ByteView payload) {
  const auto parsed = parse_json_object(as_text(payload), "agent_task_complete");
  if (!parsed) return parsed.error();
  TaskComplete out{find_string(*parsed, "TaskId"), find_string(*parsed, "FinalTaskStatus"),
                   find_string(*parsed, "Output"), find_string(*parsed, "Topic")};
  if (out.session_id.empty()) {
    return Error{Errc::kMalformed, "agent_task_complete: no TaskId"};
  }
  return out;
}

wire::WebSocketMessage make_task_acknowledge(const TaskComplete& complete,
                                             const wire::ssm::Uuid& acknowledged,
                                             const FrameStamp& stamp) {
  return make_frame("agent_task_acknowledge",
                    json::serialize(json::object{{"SchemaVersion", 1},
                                                 {"MessageId", encode_uuid(acknowledged)},
                                                 {"TaskId", complete.session_id},
                                                 {"Topic", complete.topic}}),
                    stamp);
}

wire::WebSocketMessage make_channel_closed(std::string_view session_id, std::string_view words,
                                           const FrameStamp& stamp) {
  return make_frame(
      wire::ssm::kChannelClosed,
      wire::ssm::serialize_channel_closed({std::string(session_id), std::string(words)},
                                          encode_uuid(stamp.message_id), stamp.unix_ms),
      stamp);
}

wire::WebSocketMessage make_publication(bool on, const FrameStamp& stamp) {
  return make_frame(on ? wire::ssm::kStartPublication : wire::ssm::kPausePublication, "",
                    stamp);
}

bool is_agent_session_state(const wire::WebSocketMessage& message) {
  constexpr std::size_t kTypeOffset = 4;
  const auto type = wire::ssm::kAgentSessionState;
  const auto& b = message.bytes;
  return !message.text && b.size() >= kTypeOffset + type.size() &&
         std::equal(type.begin(), type.end(), b.begin() + kTypeOffset);
}

}  // namespace passport::lab
