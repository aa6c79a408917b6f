// What the lab's AWS knows: instances, access keys, sessions and their tokens, the audit trail.
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "lab/command_table.h"
#include "lab/faults.h"
#include "lab/key_store.h"
#include "lab/sigv4_verify.h"
#include "wire/http.h"

namespace passport::lab {

inline constexpr std::string_view kAccount = "123456789012";
/// Roles whose name begins with kMfaRoles are assumed with a code of it alone.
inline constexpr std::string_view kMfaDevice = "arn:aws:iam::123456789012:mfa/lab";
inline constexpr std::string_view kMfaRoles = "mfa-";
inline constexpr std::string_view kSshDocument = "AWS-StartSSHSession";
inline constexpr std::string_view kPortDocument = "AWS-StartPortForwardingSession";
inline constexpr std::string_view kRemoteHostDocument =
    "AWS-StartPortForwardingSessionToRemoteHost";
inline constexpr std::string_view kAgentVersion = "3.3.987.0";

enum class AgentKind {
  kInProcess,      ///< the lab's own agent, in front of a lab instance
  kReal,           ///< an amazon-ssm-agent that comes over the control channel
  kNone,           ///< nothing there: the instance is only known
  kFeatherweight,  ///< answers Run Command in the lab's own process, and has nothing else
};

struct KnownInstance {
  std::string id{};
  AgentKind agent = AgentKind::kInProcess;
  bool online = true;  ///< PingStatus Online, else ConnectionLost
  std::string agent_version{kAgentVersion};
  std::string computer_name{};
  std::string ip_address = "127.0.0.1";
  std::int64_t last_ping_unix_s = 0;
  std::int64_t registered_unix_s = 0;
  std::string platform = "Linux";  ///< as Systems Manager spells it
  std::string name{};              ///< of a managed instance's activation
  std::map<std::string, std::string> tags{};
};

struct Principal {
  std::string arn;
  std::string user_id;
  std::string name;        ///< user name or role session name: how session ids begin
  std::string identity{};  ///< arn of the user or role whose policies count
  std::string source_identity{};
  std::map<std::string, std::string> tags{};  ///< of an assumed role's session
  std::string session_policy{};               ///< JSON; empty: none
};

using Parameters = std::map<std::string, std::vector<std::string>>;

/// What the one login of IAM Identity Center holds; without tokens there is none.
struct SsoLogin {
  std::string client_id{};
  Secret client_secret{};
  Secret access_token{};
  Secret refresh_token{};  ///< good once
};

enum class SessionState { kConnecting, kConnected, kDisconnected, kTerminated };
const char* to_string(SessionState state);

struct Session {
  std::string id{};
  std::string target{};
  std::string owner{};  ///< arn
  std::string document{};
  std::string reason{};
  Parameters parameters{};
  std::string kms_key{};  ///< its agent asks for encryption with it; empty: for none
  SessionState state = SessionState::kConnecting;
  std::int64_t started_unix_s = 0;
  std::int64_t ended_unix_s = 0;
  std::string cell_number{};  ///< of the stream URL that is good now
  Secret client_token{};      ///< empty once used
  Secret agent_token{};       ///< empty once used; for real agents

  std::string parameter(const std::string& name) const;  ///< empty when absent
  bool forwards() const;     ///< many connections over smux, where both ends can
  std::string port() const;  ///< parameter portNumber, or the document's default
};

/// Lets `rate` calls a second pass, and as many (at least one) at once after a pause.
class TokenBucket {
 public:
  bool take(double rate, std::chrono::nanoseconds now);
  void reset() { *this = TokenBucket(); }

 private:
  double tokens_ = 0;
  std::optional<std::chrono::nanoseconds> filled_{};
};

struct AuditEntry {
  std::int64_t unix_s = 0;
  std::string principal{};  ///< arn; empty when unknown
  std::string action{};     ///< "ssm:StartSession"
  std::string target{};
  std::string session{};
  std::string result{};  ///< "ok" or the error's code
};
/// One JSON object on one line.
std::string serialize_audit_entry(const AuditEntry& entry);

/// What the gateway has to do because of a call.
struct SessionEvent {
  enum class Kind { kStarted, kResumed, kTerminated } kind;
  std::string session_id;
};

/// Tables and their rules; who may call what is decided before. Pure: time and randomness come
/// in. Finished sessions are kept for DescribeSessions, the oldest dropped above kMaxHistory.
class ServiceState {
 public:
  static constexpr std::size_t kMaxHistory = 2000;
  static constexpr std::size_t kMaxAudit = 10000;  ///< entries that wait for take_audit()
  static constexpr std::size_t kMaxRoleKeys =
      10000;  ///< temporary keys, the oldest dropped above

  ServiceState(std::string region, RandomSource random);

  std::string region;
  wire::Endpoint endpoint;  ///< of stream URLs
  LabFaults faults;
  std::chrono::nanoseconds uptime{};  ///< of the call under way, by a clock that never jumps
  TokenBucket start_tokens;           ///< of LabFaults::start_rate
  TokenBucket command_tokens;         ///< of LabFaults::command_rate
  CommandTable commands;
  /// Id of the access key that signs stream URLs; empty: the client must sign its opening.
  std::string stream_key;
  KeyStore keys;
  std::string session_key;        ///< KMS key that sessions are encrypted with; empty: none
  bool session_challenge = true;  ///< the lab's own agents add one to the encryption context
  Secret web_identity_token;      ///< the one that AssumeRoleWithWebIdentity takes
  SsoLogin sso;
  Secret mfa_code;  ///< of the device kMfaDevice

  void add_instance(KnownInstance instance);
  KnownInstance* find_instance(std::string_view id);
  const std::map<std::string, KnownInstance, std::less<>>& instances() const {
    return instances_;
  }

  /// A new long-term key of an IAM user; the id of the access key.
  std::string add_user_key(std::string_view user);
  struct TemporaryKey {
    std::string access_key_id;
    Secret secret;
    Secret session_token;
    std::int64_t expires_unix_s = 0;
  };
  TemporaryKey add_role_key(Principal principal, std::int64_t expires_unix_s);
  std::optional<AccessKey> find_key(std::string_view access_key_id) const;
  const Principal* find_principal(std::string_view access_key_id) const;

  const Session& start_session(const Principal& owner, Session wanted, std::int64_t now_unix_s);
  /// A new cell number and token; what was handed out before is dead. Nullptr: unknown or
  /// ended.
  const Session* resume_session(std::string_view id);
  /// False: unknown or already ended.
  bool end_session(std::string_view id, std::int64_t now_unix_s);
  const Session* find_session(std::string_view id) const;
  const std::map<std::string, Session, std::less<>>& sessions() const { return sessions_; }
  void set_session_state(std::string_view id, SessionState state);

  /// wss URL of a session's stream, signed when stream_key is set.
  std::string stream_url(const Session& session, std::int64_t now_unix_s) const;
  /// Uses up the token: true once, for the token of the newest StartSession or ResumeSession
  /// and the stream URL that came with it.
  bool take_client_token(std::string_view id, std::string_view token,
                         std::string_view cell_number);
  std::string issue_agent_token(std::string_view id);
  bool take_agent_token(std::string_view id, std::string_view token);
  std::string issue_control_token(std::string_view instance_id);
  bool take_control_token(std::string_view instance_id, std::string_view token);

  void audit(AuditEntry entry);
  std::vector<AuditEntry> take_audit();
  std::vector<SessionEvent> take_events();

  /// Lower-case hexadecimal of n random bytes.
  std::string random_hex(std::size_t n) const;
  /// `prefix` and n random letters and digits, as the ids of keys and roles are made.
  std::string random_letters(std::string_view prefix, std::size_t n) const;

 private:
  struct StoredKey {
    AccessKey key;
    Principal principal;
  };
  void forget_old_sessions();

  RandomSource random_;
  std::map<std::string, KnownInstance, std::less<>> instances_;
  std::map<std::string, StoredKey, std::less<>> keys_;
  std::deque<std::string> role_keys_;  ///< ids of temporary keys, in the order of their making
  std::map<std::string, Session, std::less<>> sessions_;
  std::deque<std::string> ended_;  ///< ids, in the order of their end
  std::map<std::string, Secret, std::less<>> control_tokens_;
  std::vector<AuditEntry> audit_;
  std::vector<SessionEvent> events_;
};

}  // namespace passport::lab
