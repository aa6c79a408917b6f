// What the service says to agents and clients by itself: control-channel messages and the
// frames that end or hold up a session. Codec only.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "lab/service_state.h"
#include "wire/ssm/agent_message.h"

namespace passport::lab {

/// What every frame of the service bears.
struct FrameStamp {
  wire::ssm::Uuid message_id{};
  std::uint64_t unix_ms = 0;
};

/// The properties that a session's document gives it, as an agent tells them to the client.
std::vector<std::pair<std::string, std::string>> make_properties(const Session& session);

/// Asks an agent, on its control channel, to open the data channel of `session`.
/// Source: amazon-ssm-agent agent/session/contracts/model.go MGSPayload, AgentTaskPayload.
wire::WebSocketMessage make_interactive_shell(const Session& session, const FrameStamp& stamp);

/// The text frame that opens an agent's control channel.
struct OpenControlChannel {
  Secret token{};
  std::string agent_version{};
};
/// Errors: kMalformed, also without a token.
Result<OpenControlChannel> parse_open_control_channel(std::string_view text);

/// The agent's report that a session is over.
struct TaskComplete {
  std::string session_id;
  std::string status;  ///< "Success", "Failed", ...
  std::string output;
  std::string topic;
};
Result<TaskComplete> parse_task_complete(ByteView payload);
wire::WebSocketMessage make_task_acknowledge(const TaskComplete& complete,
                                             const wire::ssm::Uuid& acknowledged,
                                             const FrameStamp& stamp);

/// Ends a session: to the client, whose user sees `words`, and to a real agent.
wire::WebSocketMessage make_channel_closed(std::string_view session_id, std::string_view words,
                                           const FrameStamp& stamp);

/// pause_publication or start_publication.
wire::WebSocketMessage make_publication(bool on, const FrameStamp& stamp);

/// True for the frame in which an agent tells the service, not the client, how it is.
bool is_agent_session_state(const wire::WebSocketMessage& message);

}  // namespace passport::lab
