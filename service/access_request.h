// Access requests: their states, their limits, and what may become of them. Pure.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"

namespace passport::service {

using Millis = std::int64_t;  ///< Unix time, as the database has it

inline constexpr Millis kSecond = 1000;
inline constexpr std::size_t kMaxInstances = 500;  ///< of a request
inline constexpr std::size_t kMaxReason = 500;     ///< bytes
inline constexpr std::size_t kMaxTicket = 100;     ///< bytes
inline constexpr std::chrono::seconds kUsualDuration{3600};
inline constexpr std::chrono::seconds kLeastDuration{60};
inline constexpr std::chrono::seconds kLongestDuration{12 * 3600};  ///< from first activation

enum class RequestState {
  kPending,       ///< waits for approval
  kProvisioning,  ///< its users are being made; none is there yet
  kActive,        ///< on one instance at least
  kCompleting,    ///< its users are being removed
  kCompleted,     ///< ended by somebody
  kExpired,       ///< ended by its time
  kDenied,
  kFailed,  ///< on no instance could a user be made
};
std::string_view to_string(RequestState state);
/// nullopt: no state's name.
std::optional<RequestState> find_request_state(std::string_view name);

enum class InstanceState {
  kWaiting,       ///< to be provisioned, or again with another end
  kProvisioning,  ///< a command is under way
  kActive,
  kRemoving,  ///< to be removed, or being removed
  kRemoved,
  kFailed,  ///< no user was made
};
std::string_view to_string(InstanceState state);
std::optional<InstanceState> find_instance_state(std::string_view name);

/// Whether a request in this state is over for good.
bool is_final(RequestState state);

/// What somebody asks for.
struct NewRequest {
  std::string account;
  std::string region;
  std::vector<std::string> instances;  ///< ids, each once, in the order given
  std::string reason;
  std::string ticket{};
  std::chrono::seconds duration{kUsualDuration};
  std::string key_type{};  ///< "ed25519", "rsa" or empty: both
  bool break_glass = false;
};

/// {"account", "region", "instances": [...], "reason", "ticket"?, "duration_s"?, "key_type"?,
/// "break_glass"?}. Errors: kUsage, naming the field: one that is unknown, missing, of another
/// type or cannot be used.
Result<NewRequest> parse_new_request(const json::object& body);

struct AccessRequest {
  std::string id;  ///< "ar-" and 16 hexadecimal digits
  std::string account;
  std::string region;
  std::string owner;
  std::string linux_user;  ///< "rs-" and 16 hexadecimal digits
  std::string reason;
  std::string ticket;
  std::string key_type;
  Millis duration = 0;
  RequestState state = RequestState::kPending;
  std::int64_t approvals_needed = 0;
  bool break_glass = false;
  Millis created_at = 0;
  Millis activated_at = 0;      ///< when its time began; 0: not yet
  Millis ends_at = 0;           ///< 0: not yet known
  Millis finished_at = 0;       ///< 0: not yet
  std::int64_t generation = 0;  ///< of what its instances are told; grows with each change
};

struct RequestInstance {
  std::string instance_id;
  InstanceState state = InstanceState::kWaiting;
  std::int64_t generation = 0;  ///< that was told last
  std::string command_id{};     ///< under way; empty: none
  std::int64_t attempts = 0;    ///< at what is being done now
  Millis next_try_at = 0;
  std::string error{};      ///< why it failed, or does not succeed yet
  std::string host_keys{};  ///< lines "TYPE BASE64"
  std::string sshd_version{};
  std::string home{};
  std::string told{};    ///< digest_of_settings() of the last script that was to make the user
  std::string labels{};  ///< serialize_labels(): what AWS calls it; empty: not known
};

/// "rs-" and digits that nobody can find a person by who does not know the request.
std::string make_linux_user(std::string_view owner, std::string_view request_id);

bool is_request_id(std::string_view text);

/// Its time begins: from pending or new to provisioning.
void activate(AccessRequest& request, Millis now);

/// When it would end if `by` were added at `now`. Errors: kConflict: not active any more;
/// kUsage: longer than `longest` from its activation, saying what is left.
Result<Millis> find_extended_end(const AccessRequest& request, std::chrono::seconds by,
                                 std::chrono::seconds longest, Millis now);

/// Where a request that has begun stands, by its instances and the time.
RequestState find_next_state(const AccessRequest& request,
                             const std::vector<RequestInstance>& instances, Millis now,
                             bool ended_by_somebody);

}  // namespace passport::service
