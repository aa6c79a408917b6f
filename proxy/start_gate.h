// Waits for this program's turn to start a session, among all of this user on this machine.
#pragma once
#include <string>

#include "base/result.h"
#include "net/asio.h"

namespace passport::proxy {

struct StartGate {
  unsigned rate = 0;     ///< turns a second, for all who say the same endpoint
  std::string endpoint;  ///< URL of the service: its limit is what is kept to
};

/// Returns when a session may be started. Takes a turn, in a file of aws::find_own_directory(),
/// under a lock that is held for no longer
/// than it takes to read and write a line; who dies with it releases it, and whose turn passes
/// unused delays nobody. A wait of more than 5 s is told on standard error. A lock that stays
/// taken for 5 s is passed over, and the session started at once.
///
/// Errors: kConfig when the directory or its file cannot be used or is open to others;
/// kThrottled when the turn would be more than StartTurns::kLongestWait away.
net::Task<Result<void>> wait_for_turn(StartGate gate);

}  // namespace passport::proxy
