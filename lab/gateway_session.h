// One session at the message gateway: a client's websocket on one side, an agent on the other.
#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lab/control_messages.h"
#include "lab/message_link.h"
#include "net/asio.h"

namespace passport::lab {

/// What of a session concerns the gateway.
struct SessionHooks {
  std::function<void(const std::string& session_id, bool connected)> client_changed;
  std::function<void(const std::string& session_id, const std::string& words)> ended;
};

/// The client's side, and the end. A client's websocket may break and another one, opened with
/// the token of a ResumeSession, take its place; meanwhile the agent's side lives on. Must be
/// owned by a shared_ptr. One thread.
class GatewaySession : public std::enable_shared_from_this<GatewaySession> {
 public:
  GatewaySession(net::asio::any_io_executor executor, std::string id, SessionHooks hooks);
  virtual ~GatewaySession() = default;
  GatewaySession(const GatewaySession&) = delete;
  GatewaySession& operator=(const GatewaySession&) = delete;

  virtual void start() {}

  /// Serves a client's websocket until it is over; drops the one before it.
  net::Task<void> run_client(std::unique_ptr<net::WebSocket> websocket);
  /// Serves a real agent's websocket until it is over.
  virtual net::Task<void> run_agent(std::unique_ptr<net::WebSocket> websocket);

  /// Ends the session: the client is told, with `words` for its user, then both sides are
  /// closed.
  void end(std::string words);
  bool ended() const { return ended_; }
  const std::string& id() const { return id_; }
  /// Since when there is no client; nullopt while there is one.
  std::optional<net::Deadline> detached_since() const { return detached_since_; }

  // Faults.
  void drop_client();                ///< the client's connection breaks
  void pause_client(bool on);        ///< pause_publication or start_publication to the client
  virtual void pause_agent(bool) {}  ///< the same to the agent

 protected:
  const net::asio::any_io_executor& executor() const { return executor_; }
  FrameStamp make_stamp() const;
  bool has_client() const { return client_ != nullptr; }
  void wake_client_writer();
  void wake_client_reader();

  /// Takes a client's message; may swap its bytes away.
  virtual void receive_from_client(wire::WebSocketMessage& message) = 0;
  /// Several messages were received and there may be no more for now: pass them on.
  virtual void flush_from_client() {}
  /// False while what came from the client waits to be passed on: its websocket is not read.
  virtual bool takes_more() const { return true; }
  /// The next message for the client; false when there is none.
  virtual bool next_for_client(wire::WebSocketMessage& out) = 0;
  virtual void client_attached(bool /*again*/) {}
  virtual void on_end() {}

 private:
  bool next_frame(wire::WebSocketMessage& out);
  net::Task<void> read_client(std::shared_ptr<MessageLink> link);

  net::asio::any_io_executor executor_;
  std::string id_;
  SessionHooks hooks_;
  std::shared_ptr<MessageLink> client_;
  net::Event client_room_;
  std::deque<wire::WebSocketMessage> service_frames_;
  std::optional<net::Deadline> detached_since_ = net::deadline_in({});
  bool had_client_ = false;
  bool ended_ = false;
  bool closing_frame_due_ = false;
  std::string words_;
};

/// A session whose agent never opens its data channel.
class SilentSession : public GatewaySession {
 public:
  using GatewaySession::GatewaySession;

 private:
  void receive_from_client(wire::WebSocketMessage&) override {}
  bool next_for_client(wire::WebSocketMessage&) override { return false; }
};

}  // namespace passport::lab
