// The JSON that travels inside data-channel messages, and the text frame that opens a channel.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "wire/ssm/agent_message.h"

namespace passport::wire::ssm {

/// Payload of an acknowledge message. The number that counts is here; the header's is 0.
struct Acknowledge {
  std::string_view message_type;  ///< of what is acknowledged
  Uuid message_id{};
  std::int64_t sequence_number = 0;
  bool is_sequential = true;
};
void serialize_acknowledge(const Acknowledge& acknowledge, Bytes& out);
/// message_type is one of our constants, whatever `payload`'s lifetime; empty when what is
/// acknowledged is no stream data. Errors: kMalformed.
Result<Acknowledge> parse_acknowledge(ByteView payload);

/// The first frame each way, as text.
struct OpenDataChannel {
  std::string request_id;  ///< UUID text
  Secret token;
  std::string client_id;           ///< UUID text; empty on the agent's side
  std::string client_version;      ///< the client's only
  std::string client_instance_id;  ///< the agent's only
};
std::string serialize_open_data_channel(const OpenDataChannel& open);
Result<OpenDataChannel> parse_open_data_channel(std::string_view text);

// Session types, as session documents and the agent name them.
inline constexpr std::string_view kPortSession = "Port";
inline constexpr std::string_view kStandardStream = "Standard_Stream";  ///< a login shell
inline constexpr std::string_view kInteractiveCommands = "InteractiveCommands";
inline constexpr std::string_view kNonInteractiveCommands =
    "NonInteractiveCommands";  ///< no terminal there, and no input
/// Any of those that run a command and not a port.
bool is_shell_session(std::string_view session_type);

/// What the agent asks the client to do before data flows; at most kMaxActions.
inline constexpr std::string_view kKmsEncryption = "KMSEncryption";
inline constexpr std::size_t kMaxActions = 16;
inline constexpr std::size_t kMaxActionName = 256;   ///< bytes
inline constexpr std::size_t kMaxKeyName = 2048;     ///< bytes; KMS's own bound
inline constexpr std::size_t kMaxKmsContext = 1024;  ///< bytes of KMSEncryption's challenge
struct HandshakeRequest {
  std::string agent_version;
  std::string session_type;  ///< kPortSession and so on; empty: not asked
  std::vector<std::pair<std::string, std::string>> properties;  ///< portNumber, type, ...
  bool kms_encryption = false;
  std::string kms_key_id;
  std::string kms_challenge;  ///< for the encryption context; empty below agent 3.3.808.0
  std::vector<std::string> unknown_actions;
};
std::string serialize_handshake_request(const HandshakeRequest& request);
Result<HandshakeRequest> parse_handshake_request(ByteView payload);

enum class ActionStatus { kSuccess = 1, kFailed = 2, kUnsupported = 3 };

/// The result of KMSEncryption.
struct KmsResult {
  std::string ciphertext_key;  ///< KMS's CiphertextBlob of the data key, in base64
  bool challenge_acknowledged = false;
};
struct ProcessedClientAction {
  std::string action_type;
  ActionStatus status = ActionStatus::kSuccess;
  std::string error;
  std::optional<KmsResult> kms{};
};
struct HandshakeResponse {
  std::string client_version;
  std::vector<ProcessedClientAction> actions;
};
std::string serialize_handshake_response(const HandshakeResponse& response);
Result<HandshakeResponse> parse_handshake_response(ByteView payload);

std::string serialize_handshake_complete(std::chrono::nanoseconds time_to_complete,
                                         std::string_view customer_message);

/// Payload of both kEncChallengeRequest and kEncChallengeResponse: encrypted bytes.
std::string serialize_encryption_challenge(ByteView encrypted);
/// Errors: kMalformed; kTooLarge above kMaxEncryptionChallenge bytes.
inline constexpr std::size_t kMaxEncryptionChallenge = 4096;
Result<std::string> parse_encryption_challenge(ByteView payload);

/// Payload of channel_closed: the service's last words.
struct ChannelClosed {
  std::string session_id;
  std::string output;
};
std::string serialize_channel_closed(const ChannelClosed& closed, std::string_view message_id,
                                     std::uint64_t created_date_ms);
Result<ChannelClosed> parse_channel_closed(ByteView payload);

std::string serialize_agent_session_state(std::string_view session_id, std::string_view state);

/// Payload of PayloadType::kSize: a terminal, in characters.
struct TerminalSize {
  std::uint32_t cols = 0;
  std::uint32_t rows = 0;
  bool operator==(const TerminalSize&) const = default;
};
std::string serialize_size(const TerminalSize& size);
Result<TerminalSize> parse_size(ByteView payload);

/// Payload of PayloadType::kExitCode: "EXIT_CODE: 0".
std::string serialize_exit_code(int exit_code);
Result<int> parse_exit_code(ByteView payload);

std::array<std::uint8_t, 4> serialize_flag(Flag flag);
/// Errors: kMalformed unless four bytes. An unknown flag is returned as it is.
Result<Flag> parse_flag(ByteView payload);

/// Compares dotted versions number by number; missing parts are 0, a part that is no number
/// ends the comparison. Negative, 0 or positive.
int compare_versions(std::string_view a, std::string_view b);

}  // namespace passport::wire::ssm
