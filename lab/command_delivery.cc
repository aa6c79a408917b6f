#include "lab/command_delivery.h"

#include <chrono>
#include <ctime>

#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"

namespace passport::lab {
namespace asio = net::asio;
namespace {

std::chrono::nanoseconds uptime() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

/// With what the real agent sets (amazon-ssm-agent, agent/executers).
std::string make_script(const Command& command, const std::string& instance_id,
                        const std::string& region) {
  auto out = fmt::format("export AWS_SSM_INSTANCE_ID={} AWS_SSM_REGION_NAME={}\n", instance_id,
                         region);
  if (!command.directory.empty())
    out += fmt::format("cd {} || exit 1\n", quote_for_shell(command.directory));
  return out + command.script;
}

}  // namespace

CommandDelivery::CommandDelivery(asio::any_io_executor executor, ServiceState& state)
    : executor_(std::move(executor)), state_(state) {}

void CommandDelivery::add_instance(const std::string& instance_id, ScriptRunner run) {
  instances_[instance_id] = std::move(run);
}

void CommandDelivery::deliver() {
  for (auto& delivery : state_.commands.take_deliveries())
    asio::co_spawn(executor_, carry(std::move(delivery)), asio::detached);
}

net::Task<void> CommandDelivery::carry(Delivery delivery) {
  if (delivery.delay.count() > 0) {
    asio::steady_timer timer(executor_, delivery.delay);
    co_await timer.async_wait(asio::use_awaitable);
  }
  const auto* command = state_.commands.begin(delivery, uptime(),
                                              std::time(nullptr) + state_.faults.clock_skew_s);
  if (!command) co_return;
  auto script = make_script(*command, delivery.instance_id, state_.region);
  const auto deadline = command->execution_timeout;
  auto outcome = co_await run(delivery.instance_id, std::move(script), deadline);
  state_.commands.finish(delivery, std::move(outcome), uptime());
}

net::Task<std::optional<CommandOutcome>> CommandDelivery::run(
    std::string instance_id, std::string script, std::chrono::milliseconds deadline) {
  const auto found = instances_.find(instance_id);
  if (found == instances_.end()) co_return std::nullopt;
  auto ended = co_await found->second(std::move(script), deadline);
  if (!ended) {
    log_line(fmt::format("{}: {}", instance_id, ended.error().detail));
    co_return std::nullopt;
  }
  CommandOutcome out;
  out.exit_status = ended->exit_status;
  out.timed_out = ended->timed_out;
  out.output = std::move(ended->standard_output);
  out.error_output = std::move(ended->standard_error);
  if (out.exit_status != 0 && !out.timed_out)
    out.error_output += fmt::format("failed to run commands: exit status {}", out.exit_status);
  co_return out;
}

}  // namespace passport::lab
