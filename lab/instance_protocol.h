// What the lab and an instance's init say to each other over their SOCK_SEQPACKET pair.
// Codec only; file descriptors travel beside an answer (lab/instance_channel.h).
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "lab/instance_fd.h"

namespace passport::lab {

inline constexpr std::size_t kMaxScript = std::size_t{128} * 1024;  ///< bytes of one script
inline constexpr std::size_t kMaxRunOutput =
    std::size_t{64} * 1024;  ///< kept of each of stdout and stderr
inline constexpr std::size_t kMaxPacket = kMaxScript + 1024;
inline constexpr std::chrono::seconds kConnectDeadline{5};
inline constexpr std::uint32_t kHelloId =
    0;  ///< the answer that init sends unasked, once it is up

enum class RequestKind : std::uint32_t {
  kConnect = 1,      ///< argument: port
  kRun = 2,          ///< argument: deadline in milliseconds
  kStartSshd = 3,    ///< answered when it listens
  kSignalSshd = 4,   ///< to each sshd process; argument: SIGSTOP or SIGCONT
  kStartShell = 5,   ///< argument: kShellTerminal and so on; answers as InstanceShells gives
  kSignalShell = 6,  ///< id: of the shell's request; argument: signal number; not answered
};

inline constexpr std::uint32_t kShellTerminal = 1;
inline constexpr std::uint32_t kShellSeparateErrors = 2;
/// Whom shells run as, as with the real agent.
inline constexpr const char* kShellUser = "ssm-user";

///   offset size field
///        0    4 id         chosen by the lab, not kHelloId
///        4    4 kind       RequestKind
///        8    4 argument   by kind
///       12    - script     kRun; kStartShell, where it is a command, or empty for a shell
struct InstanceRequest {
  std::uint32_t id = 0;
  RequestKind kind = RequestKind::kConnect;
  std::uint32_t argument = 0;
  std::string script{};
};

struct RunOutcome {
  int exit_status = 0;  ///< of the shell; 128 + signal when a signal ended it
  bool timed_out = false;
  bool truncated = false;  ///< more than kMaxRunOutput was written to one of them
  std::string standard_output;
  std::string standard_error;
};

///   offset size field
///        0    4 id             of the request
///        4    4 error          errno, or 0
///        8    4 exit_status
///       12    4 flags          1 timed out, 2 truncated
///       16    4 output_length
///       20    - standard_output, then standard_error
struct InstanceAnswer {
  std::uint32_t id = 0;
  int error = 0;  ///< errno; 0 is success
  RunOutcome run{};
  Fd fd{};  ///< the connection asked for; not in the bytes
};

Bytes serialize_request(const InstanceRequest& request);
Bytes serialize_answer(const InstanceAnswer& answer);
/// Errors: kIncomplete when short; kMalformed for an unknown kind or a length that lies;
/// kTooLarge.
Result<InstanceRequest> parse_request(ByteView packet);
Result<InstanceAnswer> parse_answer(ByteView packet);

}  // namespace passport::lab
