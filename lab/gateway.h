// The message gateway and the HTTPS face of the lab's AWS: routes requests to the service and
// websockets to sessions.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "lab/command_delivery.h"
#include "lab/faulty_socket.h"
#include "lab/gateway_session.h"
#include "lab/instance_session.h"
#include "lab/port_plugin.h"
#include "lab/service_state.h"
#include "lab/shell_plugin.h"
#include "net/asio.h"
#include "net/http_server.h"

namespace passport::lab {

class RelaySession;

struct GatewayConfig {
  std::size_t agent_payload_size = 1024;  ///< of the lab's own agents
  std::function<void(const AuditEntry&)> write_audit;
};

/// Must outlive the io_context's last handler: destroy it after the io_context has stopped.
class Gateway {
 public:
  Gateway(net::asio::any_io_executor executor, ServiceState& state, GatewayConfig config);
  ~Gateway();

  /// Gives a connected, non-blocking stream socket to a port of one instance.
  using PortDialer = std::function<net::Task<Result<Fd>>(unsigned short port)>;

  /// How sessions reach the ports of this instance.
  void add_ports(const std::string& instance_id, PortDialer dial);

  /// How sessions run shells on this instance.
  void add_shells(const std::string& instance_id, ShellDialer dial);

  /// How commands are run on this instance.
  void add_scripts(const std::string& instance_id, ScriptRunner run) {
    commands_.add_instance(instance_id, std::move(run));
  }

  net::HttpHandlers make_handlers();

  /// To be called after the state's faults were changed, with what they were.
  void faults_changed(const LabFaults& before);

  /// Ends every session with these words; false when there was none.
  bool end_all(const std::string& words);
  /// nullptr when there is none, or it has ended.
  GatewaySession* find_session(const std::string& id);

 private:
  struct ControlChannel;

  net::Task<wire::HttpResponse> answer(wire::HttpRequest request);
  net::Task<void> run_websocket(wire::HttpRequest request,
                                std::unique_ptr<net::WebSocket> websocket);
  net::Task<void> run_data_channel(std::string session_id, std::string cell_number,
                                   std::unique_ptr<net::WebSocket> websocket);
  net::Task<void> run_control_channel(std::string instance_id,
                                      std::unique_ptr<net::WebSocket> websocket);
  void receive_control(const std::string& instance_id, const wire::WebSocketMessage& message,
                       ControlChannel& channel);
  net::Task<void> ask_agent(std::string session_id, std::weak_ptr<RelaySession> session);
  net::Task<void> close_after(std::string session_id, std::chrono::milliseconds delay,
                              std::string words);
  net::Task<void> sweep();

  void process_events();
  void open_session(const std::string& id);
  std::shared_ptr<GatewaySession> make_session(const Session& session);
  InstancePluginSource make_plugin_source(const Session& session) const;
  PortConnector make_connector(const Session& session) const;
  KeyDecrypter make_key_decrypter(std::string session_id);
  void session_ended(const std::string& id, const std::string& words);
  void flush_audit();
  std::int64_t now() const;  ///< by the lab's clock, in seconds
  net::Task<wire::HttpResponse> decide_upgrade(wire::HttpRequest request);
  net::Task<void> end_half_open(std::chrono::milliseconds after);

  net::asio::any_io_executor executor_;
  ServiceState& state_;
  GatewayConfig config_;
  std::map<std::string, PortDialer> ports_;
  std::map<std::string, ShellDialer> shells_;
  std::map<std::string, std::shared_ptr<GatewaySession>> sessions_;
  std::map<std::string, std::shared_ptr<ControlChannel>> controls_;
  FaultySockets sockets_;
  CommandDelivery commands_;
  unsigned half_opens_ = 0;  ///< how often connections were made so
};

}  // namespace passport::lab
