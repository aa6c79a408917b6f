// Whose turn it is to start a session, when many programs of one machine start at once: the
// rule, without its file.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace passport::proxy {

/// A token bucket that holds one token: starts are 1/rate apart, and who comes takes the next
/// turn that is free. A turn that is not used is lost. Times count from the boot, as the steady
/// clock does: steps of the wall clock mean nothing to them.
struct StartTurns {
  using Time = std::chrono::nanoseconds;

  static constexpr std::chrono::minutes kLongestWait{10};
  static constexpr unsigned kMaxRate = 1000;    ///< turns a second; from 1
  static constexpr std::size_t kMaxText = 128;  ///< bytes of the file

  std::string boot{};  ///< which one `next` counts from
  Time next{};         ///< no turn before it

  /// What is not of serialize()'s form, as a file that was never written: no turn is taken.
  static StartTurns parse(std::string_view text);
  std::string serialize() const;

  /// When the caller's turn is; nullopt, and none is taken, when it would be later than
  /// kLongestWait from now. Turns of another boot, or further ahead than any can be, do not
  /// count.
  std::optional<Time> take(std::string_view boot_now, Time now, unsigned rate);
};

}  // namespace passport::proxy
