// A session whose agent is the lab's own, in this process, in front of a lab instance.
#pragma once
#include <optional>

#include "lab/gateway_session.h"
#include "lab/instance_fd.h"
#include "wire/ssm/agent_channel.h"

namespace passport::lab {

/// Gives a connected, non-blocking stream socket to a port of the instance.
using PortConnector = std::function<net::Task<Result<Fd>>(unsigned short port)>;

struct InstanceAgentConfig {
  unsigned short port = 22;
  std::string agent_version;
  std::size_t payload_size = 1024;
};

/// Bytes flow between the client's websocket and the port without a queue of their own: the
/// port is not read while the channel's window is full, and the websocket not while more than
/// kMaxReadable bytes wait for the port.
class InstanceSession : public GatewaySession {
 public:
  static constexpr std::size_t kMaxReadable = 1 << 20;

  InstanceSession(net::asio::any_io_executor executor, std::string id, SessionHooks hooks,
                  PortConnector connect_to, InstanceAgentConfig config);
  ~InstanceSession() override;

  void start() override;
  void pause_agent(bool on) override;

 private:
  struct Port;

  void receive_from_client(wire::WebSocketMessage& message) override;
  void flush_from_client() override;
  bool takes_more() const override { return channel_.readable().size() < kMaxReadable; }
  bool next_for_client(wire::WebSocketMessage& out) override;
  void client_attached(bool again) override;
  void on_end() override;

  net::Task<void> run_timers();
  net::Task<void> connect_port();
  net::Task<void> read_port(std::shared_ptr<Port> port);
  net::Task<void> write_port(std::shared_ptr<Port> port);
  void write_port_now();
  void wake_port_reader();
  void port_failed();
  void rearm();

  PortConnector connect_to_;
  unsigned short port_number_;
  wire::ssm::AgentChannel channel_;
  std::shared_ptr<Port> port_;  ///< null while not connected
  bool connecting_ = false;
  bool waits_for_room_ = false;
  net::Event timer_;  ///< the channel's deadlines have changed, or it wants something
  net::Event room_;   ///< the channel may take bytes of the port
  wire::ssm::Time armed_until_{};
  std::optional<wire::ssm::Time> worker_lost_at_;  ///< the port refused: the session fails then
};

}  // namespace passport::lab
