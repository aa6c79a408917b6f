#include "lab/command_table.h"

#include <utility>

namespace passport::lab {
namespace {

using Status = Invocation::Status;
using wire::aws::is_final;

/// What the real agent answers for a script that was ended (appconfig
/// CommandStoppedPreemptivelyExitCode).
constexpr int kStoppedExitStatus = 137;

void end(Invocation& invocation, Status status, std::string details,
         std::chrono::nanoseconds at) {
  invocation.status = status;
  invocation.details = std::move(details);
  invocation.ended = at;
}

}  // namespace

const Command& CommandTable::send(Command command, const std::vector<std::string>& instance_ids,
                                  const CommandFaults& faults, std::uint64_t seed) {
  std::mt19937_64 random(seed + ++sent_);
  const auto chance = [&] { return std::uniform_real_distribution<>(0, 1)(random); };
  const auto spread = faults.way.delay_max - faults.way.delay_min;
  for (const auto& id : instance_ids) {
    command.invocations[id].instance_id = id;
    if (chance() < faults.way.drop) continue;
    const int copies = chance() < faults.way.duplicate ? 2 : 1;
    for (int copy = 0; copy < copies; ++copy) {
      const auto late =
          std::chrono::duration_cast<std::chrono::milliseconds>(spread * chance());
      deliveries_.push_back(
          {command.id, id, faults.way.delay_min + late, chance() < faults.answer_drop});
    }
  }
  order_.push_back(command.id);
  if (order_.size() > kMaxCommands) {
    commands_.erase(order_.front());
    order_.pop_front();
  }
  const auto id = command.id;
  return commands_.insert_or_assign(id, std::move(command)).first->second;
}

std::vector<Delivery> CommandTable::take_deliveries() {
  return std::exchange(deliveries_, {});
}

void CommandTable::settle(Command& command, Uptime now) {
  const auto deliver_by = command.sent + command.delivery_timeout;
  for (auto& [id, invocation] : command.invocations) {
    if (invocation.status == Status::kPending && now >= deliver_by)
      end(invocation, Status::kTimedOut, "DeliveryTimedOut", deliver_by);
    const auto run_by = deliver_by + command.execution_timeout;
    const bool runs = !is_final(invocation.status) && invocation.status != Status::kPending;
    if (runs && now >= run_by) end(invocation, Status::kTimedOut, "ExecutionTimedOut", run_by);
  }
}

const Command* CommandTable::find(std::string_view id, Uptime now) {
  const auto it = commands_.find(id);
  if (it == commands_.end()) return nullptr;
  settle(it->second, now);
  return &it->second;
}

const std::map<std::string, Command, std::less<>>& CommandTable::commands(Uptime now) {
  for (auto& [id, command] : commands_) settle(command, now);
  return commands_;
}

Invocation* CommandTable::find_invocation(const Delivery& delivery, Uptime now) {
  const auto it = commands_.find(delivery.command_id);
  if (it == commands_.end()) return nullptr;
  settle(it->second, now);
  const auto found = it->second.invocations.find(delivery.instance_id);
  return found == it->second.invocations.end() ? nullptr : &found->second;
}

const Command* CommandTable::begin(const Delivery& delivery, Uptime now, std::int64_t unix_s) {
  auto* invocation = find_invocation(delivery, now);
  if (!invocation || invocation->status == Status::kCancelled) return nullptr;
  if (invocation->status == Status::kPending) {
    invocation->status = Status::kInProgress;
    invocation->details = "InProgress";
    invocation->began = now;
    invocation->began_unix_s = unix_s;
  }
  return &commands_.find(delivery.command_id)->second;
}

void CommandTable::finish(const Delivery& delivery, std::optional<CommandOutcome> outcome,
                          Uptime now) {
  auto* invocation = find_invocation(delivery, now);
  if (!invocation || is_final(invocation->status) || delivery.answer_lost) return;
  if (!outcome) return end(*invocation, Status::kFailed, "Undeliverable", now);
  invocation->response_code = outcome->timed_out ? kStoppedExitStatus : outcome->exit_status;
  invocation->output = outcome->output.substr(0, wire::aws::kMaxStandardOutput);
  invocation->error_output = outcome->error_output.substr(0, wire::aws::kMaxStandardError);
  if (invocation->status == Status::kCancelling)
    return end(*invocation, Status::kCancelled, "Cancelled", now);
  if (outcome->timed_out) return end(*invocation, Status::kTimedOut, "ExecutionTimedOut", now);
  const bool good = outcome->exit_status == 0;
  end(*invocation, good ? Status::kSuccess : Status::kFailed, good ? "Success" : "Failed", now);
}

void CommandTable::cancel(std::string_view command_id, std::string_view instance_id,
                          Uptime now) {
  const auto it = commands_.find(command_id);
  if (it == commands_.end()) return;
  settle(it->second, now);
  for (auto& [id, invocation] : it->second.invocations) {
    if (!instance_id.empty() && id != instance_id) continue;
    if (invocation.status == Status::kPending)
      end(invocation, Status::kCancelled, "Cancelled", now);
    if (invocation.status != Status::kInProgress) continue;
    invocation.status = Status::kCancelling;
    invocation.details = "Cancelling";
  }
}

}  // namespace passport::lab
