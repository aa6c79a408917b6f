// Brings commands to the lab's instances, and back what became of them.
#pragma once
#include <functional>
#include <map>
#include <string>

#include "lab/instance_protocol.h"
#include "lab/service_state.h"
#include "net/asio.h"

namespace passport::lab {

/// Runs a script as the root of one instance, who ends it at the deadline.
using ScriptRunner = std::function<net::Task<Result<RunOutcome>>(
    std::string script, std::chrono::milliseconds deadline)>;

/// Must outlive the io_context's last handler.
class CommandDelivery {
 public:
  CommandDelivery(net::asio::any_io_executor executor, ServiceState& state);

  void add_instance(const std::string& instance_id, ScriptRunner run);
  /// Sends what the state has for delivery on its way.
  void deliver();

 private:
  net::Task<void> carry(Delivery delivery);
  net::Task<std::optional<CommandOutcome>> run(std::string instance_id, std::string script,
                                               std::chrono::milliseconds deadline);

  net::asio::any_io_executor executor_;
  ServiceState& state_;
  std::map<std::string, ScriptRunner> instances_;
};

}  // namespace passport::lab
