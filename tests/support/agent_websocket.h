// A websocket whose far end is the agent's half of a data channel, in the same thread.
#pragma once
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "net/event.h"
#include "net/websocket.h"
#include "wire/ssm/agent_channel.h"

namespace passport::test {

/// Frames go to and from an AgentChannel at once. `on_port` is called with what reached the
/// port and answers with what the port says.
class AgentWebSocket : public net::WebSocket {
 public:
  AgentWebSocket(net::asio::any_io_executor executor, wire::ssm::AgentConfig config);

  net::Task<bool> read(wire::WebSocketMessage& into) override;
  bool has_buffered_input() const override { return !ready_.empty() || close_ready_; }
  net::Task<bool> write(std::span<const wire::WebSocketMessage> messages) override;
  net::Task<bool> ping() override;
  net::Deadline last_heard() const override {
    return silent ? net::Deadline::min() : std::chrono::steady_clock::now();
  }
  net::Task<void> close(unsigned code, std::string reason, net::Deadline deadline) override;
  void abort() override { drop(1006, ""); }
  const net::WebSocketClosed& closed() const override { return closed_; }

  /// The connection ends, as seen by the client.
  void drop(unsigned code, std::string reason);
  /// A new connection to the same session: what was under way is lost, the agent sends again.
  void reopen();
  /// The agent's port ends; the service then says `words` and closes the channel.
  void end_port(std::string words);
  /// The next frame that the client reads.
  void inject(wire::WebSocketMessage message);
  void say(std::string_view port_bytes);  ///< the port says; kept until the window takes it

  wire::ssm::AgentChannel agent;
  std::function<std::string(std::string_view)> on_port = [](std::string_view) {
    return std::string();
  };
  std::function<void()> on_step = [] {};  ///< before each read and write
  std::optional<int> fail_step;           ///< the read or write of this number fails, from 0
  int steps = 0;
  std::size_t frames_read = 0;
  bool silent = false;  ///< nothing is read, nothing was heard, until reopen()

 private:
  bool step();
  void pump();

  net::Event readable_;
  std::string port_says_;
  std::optional<std::string> words_;  ///< to be said when the port's bytes are out
  std::optional<std::string> said_words_;
  std::deque<wire::WebSocketMessage> ready_;  ///< received, not read
  bool close_ready_ = false;                  ///< after them a close frame
  bool open_ = true;
  net::WebSocketClosed closed_;
};

}  // namespace passport::test
