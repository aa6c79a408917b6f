// One at a time: who writes, and who has the agent hold keys.
#pragma once
#include <chrono>
#include <string>

#include "net/asio.h"
#include "net/file_lock.h"

namespace passport::config_gen {

/// Others of this folder wait while it lives.
struct Turn {
  net::FileLock lock;
  bool outdated = false;  ///< another has had its turn since `asked_at`

  /// What is written from now on is as of this moment. Errors: kUnavailable.
  Result<void> note_time();
};

/// Waits until nobody else has it. Errors: kConflict: another has it for longer than
/// kTurnPatience; those of net::FileLock::take().
inline constexpr std::chrono::seconds kTurnPatience{120};
net::Task<Result<Turn>> take_turn(std::string folder,
                                  std::chrono::steady_clock::time_point asked_at);

}  // namespace passport::config_gen
