// A running agent: its two sockets, what they are told, and its time.
#pragma once
#include <memory>

#include "keyagent/client.h"
#include "keyagent/held_requests.h"
#include "net/listener.h"
#include "net/signals.h"

namespace passport::keyagent {

inline constexpr std::size_t kMaxClients = 4096;

class Agent {
 public:
  struct Options {
    std::string socket{};            ///< path of the agent's socket, for people
    std::chrono::seconds idle{900};  ///< it ends when it has held nothing for so long; 0: never
  };
  struct Sockets {
    std::shared_ptr<net::Listener> agent{};    ///< the ssh-agent protocol
    std::shared_ptr<net::Listener> control{};  ///< keyagent/control_messages.h
  };

  Agent(const net::asio::any_io_executor& executor, Options options, Sockets sockets,
        RandomSource random);

  /// Until a signal, "stop", or the idle time.
  net::Task<void> run();

 private:
  net::Task<void> accept_clients();
  net::Task<void> wait_for_signal();
  net::Task<std::string> answer_control(std::string line);
  net::Task<Result<json::object>> act(ControlRequest request);
  json::object describe_status() const;

  net::asio::any_io_executor executor_;
  Options options_;
  Sockets sockets_;
  RandomSource random_;
  HeldRequests held_;
  std::shared_ptr<ClientCounters> counters_ = std::make_shared<ClientCounters>();
  net::Signals signals_;
  net::asio::steady_timer tick_;
  std::chrono::steady_clock::time_point last_held_;
  bool stopping_ = false;
};

}  // namespace passport::keyagent
