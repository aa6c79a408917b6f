// What the lab does wrong on purpose.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "lab/command_table.h"
#include "lab/path_faults.h"

namespace passport::lab {

/// How ResumeSession is refused.
enum class ResumeRefusal { kNone, kDenied, kExpired, kGone };

/// All faults in one place; the service and the sessions read it at each step, so that a change
/// counts from the next step on. lab/fault_settings.cc names, reads and writes each.
struct LabFaults {
  static constexpr unsigned kAlways = std::numeric_limits<unsigned>::max();

  std::uint64_t seed = 0;  ///< of all chance below

  std::set<std::string> deny{};  ///< actions refused with AccessDenied: "ssm:StartSession"
  std::map<std::string, std::string> policies{};  ///< identity policy of a principal, as JSON
  std::map<std::string, std::string> trusts{};    ///< trust policy of a role, as JSON
  bool expired = false;                           ///< every credential counts as expired
  std::int64_t clock_skew_s = 0;                  ///< added to the lab's clock
  std::uint64_t throttle =
      0;  ///< so many StartSession calls to come are answered ThrottlingException
  double start_rate =
      0;  ///< StartSession calls a second, then ThrottlingException; 0: no limit
  ResumeRefusal resume_refusal = ResumeRefusal::kNone;
  unsigned resume_refusals = kAlways;  ///< so many, then no more

  double command_rate =
      0;  ///< SendCommand calls a second, then ThrottlingException; 0: no limit
  CommandFaults commands{};

  std::set<std::string> offline{};       ///< instances that are known and not connected
  std::set<std::string> never_attach{};  ///< instances whose agent never opens its data channel
  std::set<std::string> stalled_sshd{};  ///< instances whose sshd processes are all stopped

  /// After each read of a port the lab's own agents pause so long, and read 1,024 bytes at
  /// most: real ones 1 ms. Zero: they do not.
  std::chrono::milliseconds agent_pace{};

  /// A session is ended by the service this long after its client connected. Zero: never.
  std::chrono::milliseconds close_after{};
  std::string close_words = "Session terminated by the lab";  ///< what channel_closed then says
  bool pause_client = false;  ///< pause_publication to the clients of the sessions that are up
  bool pause_agent = false;   ///< the same to their agents

  // Of the clients' websockets.

  PathFaults to_client{.reorder = 0};
  PathFaults to_agent{.reorder = 0};
  /// A message is cut into websocket fragments of so many bytes, each a write of its own.
  std::size_t to_client_split = 0;
  std::size_t to_agent_split = 0;  ///< the same on a real agent's websocket
  /// A connection opened from now on breaks once it has carried so many bytes of frames.
  std::optional<std::uint64_t> to_client_cut{};
  std::optional<std::uint64_t> to_agent_cut{};
  bool cut_resets = true;                   ///< by a TCP reset, else by the end of TCP
  unsigned cut_times = 1;                   ///< connections still to be cut
  std::chrono::milliseconds close_every{};  ///< life of a connection; zero: no limit
  unsigned close_code = 1000;               ///< 1006: a TCP reset instead of a close frame
  std::string close_reason = "Bye";
  /// The connections there are carry nothing, either way, for so long. Zero: none is so.
  std::chrono::milliseconds half_open{};
};

}  // namespace passport::lab
