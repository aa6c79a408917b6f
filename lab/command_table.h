// Run Command's commands, and what became of each on its instances. Pure: time comes in, chance
// is seeded.
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "lab/path_faults.h"
#include "wire/aws/command_messages.h"

namespace passport::lab {

/// A command on one instance. Output is kept as far as GetCommandInvocation shows it.
struct Invocation {
  using Status = wire::aws::InvocationStatus;

  std::string instance_id{};
  Status status = Status::kPending;
  std::string details = "Pending";
  int response_code = -1;  ///< until it has ended
  std::string output{};
  std::string error_output{};
  std::chrono::nanoseconds began{};  ///< by the lab's uptime, as all below
  std::chrono::nanoseconds ended{};
  std::int64_t began_unix_s = 0;
};

struct Command {
  std::string id{};
  std::string document{};
  std::string comment{};
  std::string script{};
  std::string directory{};  ///< to run it in; empty: wherever
  std::map<std::string, std::vector<std::string>> parameters{};  ///< as they were given
  std::chrono::seconds delivery_timeout{3600};
  std::chrono::seconds execution_timeout{3600};
  std::int64_t requested_unix_s = 0;
  std::chrono::nanoseconds sent{};
  std::map<std::string, Invocation, std::less<>> invocations{};  ///< by instance id
};

/// What the commands' way to the instances does wrong, beside being late, twice or never there.
struct CommandFaults {
  PathFaults way{};
  double answer_drop = 0;  ///< the script has run, and nobody hears of it

  bool operator==(const CommandFaults&) const = default;
};

/// A command on its way to one instance.
struct Delivery {
  std::string command_id;
  std::string instance_id;
  std::chrono::milliseconds delay{};
  bool answer_lost = false;
};

struct CommandOutcome {
  int exit_status = 0;
  bool timed_out = false;
  std::string output{};
  std::string error_output{};
};

/// Drive it: send(); for each of take_deliveries(), once its delay is over, begin(), run the
/// script, finish(). The oldest commands are dropped above kMaxCommands.
class CommandTable {
 public:
  using Uptime = std::chrono::nanoseconds;
  static constexpr std::size_t kMaxCommands = 4000;

  /// `command` has its id and no invocations; `seed` is of the chances in `faults`.
  const Command& send(Command command, const std::vector<std::string>& instance_ids,
                      const CommandFaults& faults, std::uint64_t seed);
  std::vector<Delivery> take_deliveries();

  /// Nullptr: it was cancelled before, or nobody knows it any more. What is late runs whatever
  /// has been said of it meanwhile. Valid until the next send().
  const Command* begin(const Delivery& delivery, Uptime now, std::int64_t unix_s);
  /// Only the first outcome counts, and none that comes after a timeout. Without one the
  /// instance could not be reached.
  void finish(const Delivery& delivery, std::optional<CommandOutcome> outcome, Uptime now);

  /// What has not begun never will; what runs is Cancelling until it ends. An empty id: all.
  void cancel(std::string_view command_id, std::string_view instance_id, Uptime now);

  /// With the timeouts that are past at `now`; nullptr when unknown. Valid until the next
  /// send().
  const Command* find(std::string_view id, Uptime now);
  /// All of them, by id, as find() gives each.
  const std::map<std::string, Command, std::less<>>& commands(Uptime now);

 private:
  static void settle(Command& command, Uptime now);
  Invocation* find_invocation(const Delivery& delivery, Uptime now);

  std::map<std::string, Command, std::less<>> commands_;
  std::deque<std::string> order_;  ///< ids, the oldest first
  std::vector<Delivery> deliveries_;
  std::uint64_t sent_ = 0;
};

}  // namespace passport::lab
