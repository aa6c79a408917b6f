// Asking for the same again, after an answer that never came, gets what was made the first
// time.
#pragma once
#include <chrono>
#include <string>

#include "base/json.h"

namespace passport::client {

/// The Idempotency-Key of a request, kept in a file beside the token from before it is asked
/// for until there is an answer: whoever is interrupted, or loses the network, types the same
/// again.
class RepeatKey {
 public:
  static constexpr std::chrono::minutes kKept{15};

  /// The key that `body` was asked for with and that got no answer, if that was no longer ago
  /// than kKept; else a new one.
  RepeatKey(const std::string& token_file, const json::object& body);

  const std::string& key() const { return key_; }
  bool used_before() const { return used_before_; }
  void forget() const;

 private:
  std::string path_;
  std::string key_;
  bool used_before_ = false;
};

}  // namespace passport::client
