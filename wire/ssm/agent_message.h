// The frame of an SSM data or control channel.
#pragma once
#include <array>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/ssm/channel.h"

namespace passport::wire::ssm {

inline constexpr std::string_view kInputStreamData = "input_stream_data";  ///< client to agent
inline constexpr std::string_view kOutputStreamData =
    "output_stream_data";  ///< agent to client
inline constexpr std::string_view kAcknowledge = "acknowledge";
inline constexpr std::string_view kChannelClosed = "channel_closed";
inline constexpr std::string_view kStartPublication = "start_publication";
inline constexpr std::string_view kPausePublication = "pause_publication";
inline constexpr std::string_view kAgentSessionState = "agent_session_state";

/// payload_type of stream data.
enum class PayloadType : std::uint32_t {
  kNone = 0,
  kOutput = 1,
  kError = 2,
  kSize = 3,
  kParameter = 4,
  kHandshakeRequest = 5,
  kHandshakeResponse = 6,
  kHandshakeComplete = 7,
  kEncChallengeRequest = 8,
  kEncChallengeResponse = 9,
  kFlag = 10,
  kStdErr = 11,
  kExitCode = 12,
};

/// The four payload bytes of PayloadType::kFlag, big-endian.
enum class Flag : std::uint32_t {
  kDisconnectToPort = 1,
  kTerminateSession = 2,
  kConnectToPortError = 3,
};

inline constexpr std::uint64_t kFlagSyn = 1;
inline constexpr std::uint64_t kFlagFin = 2;

using Digest = std::array<std::uint8_t, 32>;

/// One binary websocket message of the SSM data channel (the service's
/// "ClientMessage"/"AgentMessage"). All integers big-endian.
///
///   offset size field           unit / meaning
///        0    4 header_length   bytes before payload_length; 116
///        4   32 message_type    ASCII, right-padded with spaces
///       36    4 schema_version  1
///       40    8 created_date    milliseconds since the Unix epoch, UTC
///       48    8 sequence_number per direction, from 0
///       56    8 flags           bit 0 SYN, bit 1 FIN
///       64   16 message_id      UUID, low 8 bytes first
///       80   32 payload_digest  SHA-256 of payload
///      112    4 payload_type
///      116    4 payload_length  bytes
///      120    - payload
///
/// Source: aws/session-manager-plugin src/message/clientmessage.go (offsets),
/// messageparser.go putUuid (byte order of message_id).
struct AgentMessage {
  std::string_view message_type;  ///< without padding
  std::uint32_t schema_version = 1;
  std::uint64_t created_date = 0;
  std::int64_t sequence_number = 0;
  std::uint64_t flags = 0;
  Uuid message_id{};
  Digest payload_digest{};
  std::uint32_t payload_type = 0;
  ByteView payload;

  PayloadType type() const { return static_cast<PayloadType>(payload_type); }
};

/// Bytes of a message beside its payload.
inline constexpr std::size_t kAgentMessageOverhead = 120;

/// Parses exactly one message. `in` is a whole websocket message; message_type and payload
/// point into it. Errors: kMalformed when a length contradicts in.size() or the sequence number
/// is negative. The digest is not checked: see digest_matches().
Result<AgentMessage> parse_agent_message(ByteView in);

/// Appends the message, fields as given.
void serialize_agent_message(const AgentMessage& message, Bytes& out);

Digest compute_digest(ByteView payload);
bool digest_matches(const AgentMessage& message);

/// "9a816b5b-311c-cf4a-8c0c-bd9491c460ee".
std::string encode_uuid(const Uuid& uuid);
/// Errors: kMalformed.
Result<Uuid> decode_uuid(std::string_view text);

}  // namespace passport::wire::ssm
