// The time between a connection's end and the next one: when to try again, and when to give up.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace passport::proxy {

/// One outage of a session's connection. It lasts until something is received over a new
/// connection: one that opens and breaks at once does not end it.
///
/// The first try is made at once, later ones after a random part, at least half, of a time that
/// doubles from kFirstDelay to kLongestDelay. Pure: time and randomness are arguments.
class Outage {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::milliseconds kFirstDelay{200};
  static constexpr std::chrono::milliseconds kLongestDelay{15000};
  static constexpr std::chrono::seconds kQuietFor{5};  ///< before it is worth a line

  /// `why`: what became of the connection, as "websocket code 1006".
  Outage(std::string why, Time now, std::chrono::seconds resume_for)
      : why_(std::move(why)), since_(now), until_(now + resume_for) {}

  /// When to try again. `random`: any bits.
  Time next_try(Time now, std::uint64_t random);
  /// Remembers why a try failed; an error when there is no sense in another.
  std::optional<Error> judge(const Error& error);
  /// What to say when nothing more is tried.
  Error give_up() const;

  /// The one line about it, once it has lasted for kQuietFor; empty before and after, and when
  /// its time is over before.
  std::string take_notice(Time now);
  std::optional<Time> notice_at() const;

  /// The last try was refused: the next one should come with credentials read anew.
  bool refused() const { return refused_; }
  Time since() const { return since_; }
  Time until() const { return until_; }

 private:
  std::string why_;
  Time since_;
  Time until_;
  unsigned tries_ = 0;
  bool refused_ = false;
  bool noticed_ = false;
  std::optional<Error> last_;
};

}  // namespace passport::proxy
