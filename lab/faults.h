// What the lab does wrong on purpose.
#pragma once
#include <chrono>
#include <map>
#include <set>
#include <string>

namespace passport::lab {

/// All faults in one place; the service and the sessions read it at each step, so that a change
/// counts from the next step on.
struct LabFaults {
  std::set<std::string> deny;  ///< actions refused with AccessDenied: "ssm:StartSession"
  unsigned throttle =
      0;  ///< so many StartSession calls to come are answered ThrottlingException
  bool expired = false;                ///< every credential counts as expired
  std::set<std::string> never_attach;  ///< instances whose agent never opens its data channel
  /// A session is ended by the service this long after its client connected. Zero: never.
  std::chrono::milliseconds close_after{};
  std::string close_words = "Session terminated by the lab";  ///< what channel_closed then says
};

}  // namespace passport::lab
