// A session whose agent is a real one, which opens a websocket of its own.
#pragma once
#include <deque>

#include "lab/gateway_session.h"

namespace passport::lab {

/// Passes messages between the two websockets, unchanged, in order. A side is not read while
/// more than kMaxQueued bytes wait for the other; when the other is not there they wait for it.
class RelaySession : public GatewaySession {
 public:
  static constexpr std::size_t kMaxQueued = 1 << 20;
  /// An agent whose websocket broke asks for a new one within this, or is taken for gone
  /// (amazon-ssm-agent: five attempts, at most 5 s apart).
  static constexpr std::chrono::seconds kAgentReturn{10};

  RelaySession(net::asio::any_io_executor executor, std::string id, SessionHooks hooks);

  net::Task<void> run_agent(std::unique_ptr<net::WebSocket> websocket) override;
  void pause_agent(bool on) override;
  bool had_agent() const { return had_agent_; }

 private:
  struct Queue {
    std::deque<wire::WebSocketMessage> messages;
    std::size_t bytes = 0;
    void push(wire::WebSocketMessage message);
    bool pop(wire::WebSocketMessage& out);
  };

  void receive_from_client(wire::WebSocketMessage& message) override;
  void flush_from_client() override;
  bool takes_more() const override { return to_agent_.bytes < kMaxQueued; }
  bool next_for_client(wire::WebSocketMessage& out) override;
  void on_end() override;
  bool next_for_agent(wire::WebSocketMessage& out);
  net::Task<void> read_agent(std::shared_ptr<MessageLink> link);
  static net::Task<void> await_return(std::weak_ptr<RelaySession> weak);

  std::shared_ptr<MessageLink> agent_;
  net::Event agent_room_;
  Queue to_agent_;
  Queue to_client_;
  bool had_agent_ = false;
  bool agent_closing_due_ = false;
};

}  // namespace passport::lab
