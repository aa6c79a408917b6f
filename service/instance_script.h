// The scripts that Run Command runs on instances: made from checked values, and their one line
// of answer. Pure. Their text is in service/instance.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/ssh/public_key.h"

namespace passport::service {

inline constexpr std::size_t kMaxAuthorities = 4;
inline constexpr std::size_t kMaxLiveUsers = 1000;

/// "rs-", then 1 to 29 lower-case letters, digits and inner '-'.
bool is_short_lived_user(std::string_view name);

/// Of all scripts for one user on one instance, that with the highest generation counts; one
/// that comes later with a lower one changes nothing. Nothing in them is secret. One script
/// serves all instances: each knows its own id from the agent.
struct UserScript {
  std::string user;
  std::int64_t generation = 0;      ///< from 1 on
  std::int64_t end_unix_s = 0;      ///< when the user goes, whatever happens
  std::int64_t issued_unix_ms = 0;  ///< by the database's clock
};

/// Makes the user, or moves its end. An equal repeat answers the same; another script with the
/// same generation is a conflict. Errors: kInternal, naming the value that cannot be.
Result<std::string> render_provision_script(
    const UserScript& script, const std::vector<wire::ssh::PublicKey>& authorities, bool sudo);
/// Removes it, once the generation is higher than that it was made with.
Result<std::string> render_remove_script(const UserScript& script);
/// Removes every short-lived user that is not among `live` and was not provisioned at
/// `issued_unix_ms` or later, and those that an image brought along from another instance.
Result<std::string> render_sweep_script(const std::vector<std::string>& live,
                                        std::int64_t issued_unix_ms);

/// What there is on the instance now, which may be the work of a newer script.
enum class ScriptOutcome {
  kLive,      ///< the user is there, as `generation` says
  kMaking,    ///< a newer script was cut short, or is at it
  kGoing,     ///< its removal was
  kGone,      ///< it was removed, by `generation` or at its end
  kConflict,  ///< the generation is there already, with other values
  kPast,      ///< too late: the end is over
  kSwept,
  kFailed,  ///< see `error`; may be tried again
};

/// An answer is the instance's word, and the instance may be hostile: what it claims decides
/// about itself alone.
struct ScriptAnswer {
  ScriptOutcome outcome = ScriptOutcome::kFailed;
  std::string error{};  ///< printable ASCII

  // Of a user's script:
  std::int64_t generation = 0;
  std::int64_t end_unix_s = 0;
  std::string home{};
  bool sudo = false;
  std::string sshd_version{};                     ///< "OpenSSH_9.2p1"
  std::vector<wire::ssh::PublicKey> host_keys{};  ///< of the types that are known here

  // Of a sweep:
  std::uint64_t removed = 0;
  std::uint64_t failed = 0;          ///< to be removed next time
  std::vector<std::string> users{};  ///< the first of those removed
};

/// Bytes of output that are looked at, and of the line.
inline constexpr std::size_t kMaxScriptOutput = 24000;

/// Finds the line in a command's output. Errors: kProtocol when there is none, or one that is
/// not as the scripts write it.
Result<ScriptAnswer> parse_script_answer(std::string_view output);

}  // namespace passport::service
