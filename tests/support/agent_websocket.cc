#include "tests/support/agent_websocket.h"

#include <boost/asio/post.hpp>

#include "tests/support/channel_pair.h"
#include "wire/ssm/payloads.h"

namespace passport::test {

using Clock = std::chrono::steady_clock;

AgentWebSocket::AgentWebSocket(net::asio::any_io_executor executor,
                               wire::ssm::AgentConfig config)
    : agent(std::move(config), make_uuid_source(7), Clock::now()), readable_(executor) {}

bool AgentWebSocket::step() {
  on_step();
  if (fail_step && steps++ == *fail_step) drop(1006, "");
  return open_;
}

void AgentWebSocket::pump() {
  const auto now = Clock::now();
  if (agent.wants_port()) agent.port_connected(now);
  while (!agent.readable().empty()) {
    const std::string said(as_text(agent.readable()));
    agent.consume(said.size());
    port_says_ += on_port(said);
  }
  do {
    port_says_.erase(0, agent.send(as_bytes(port_says_), now));
    for (wire::WebSocketMessage out; agent.next_outgoing(out, now);) ready_.push_back(out);
  } while (!port_says_.empty() && agent.room() > 0);
  if (!words_ || !port_says_.empty()) return;
  const auto payload = wire::ssm::serialize_channel_closed({"s", *words_}, "m", 1);
  wire::ssm::AgentMessage m;
  m.message_type = wire::ssm::kChannelClosed;
  m.payload = as_bytes(payload);
  m.payload_digest = wire::ssm::compute_digest(m.payload);
  serialize_agent_message(m, ready_.emplace_back().bytes);
  close_ready_ = true;
  said_words_ = std::exchange(words_, std::nullopt);
}

net::Task<bool> AgentWebSocket::read(wire::WebSocketMessage& into) {
  co_await net::asio::post(net::asio::use_awaitable);
  if (!step()) co_return false;
  while (open_) {
    pump();
    if (!ready_.empty() && !silent) {
      into = std::move(ready_.front());
      ready_.pop_front();
      ++frames_read;
      co_return true;
    }
    if (close_ready_) {
      close_ready_ = false;
      drop(1000, "");
      break;
    }
    co_await readable_.wait();
  }
  co_return false;
}

net::Task<bool> AgentWebSocket::write(std::span<const wire::WebSocketMessage> messages) {
  co_await net::asio::post(net::asio::use_awaitable);
  if (!step()) co_return false;
  for (const auto& message : messages) (void)agent.receive(message, Clock::now());
  pump();
  readable_.notify();
  co_return true;
}

net::Task<bool> AgentWebSocket::ping() {
  co_return open_;
}

net::Task<void> AgentWebSocket::close(unsigned code, std::string reason, net::Deadline) {
  drop(code, std::move(reason));
  co_return;
}

void AgentWebSocket::drop(unsigned code, std::string reason) {
  if (!open_) return;
  open_ = false;
  closed_ = {code, std::move(reason)};
  readable_.notify();
}

void AgentWebSocket::reopen() {
  open_ = true;
  silent = false;
  ready_.clear();
  if (said_words_) words_ = said_words_;
  agent.resume(Clock::now());
}

void AgentWebSocket::end_port(std::string words) {
  words_ = std::move(words);
  readable_.notify();
}

void AgentWebSocket::inject(wire::WebSocketMessage message) {
  ready_.push_back(std::move(message));
  readable_.notify();
}

void AgentWebSocket::say(std::string_view port_bytes) {
  port_says_ += port_bytes;
  pump();
  readable_.notify();
}

}  // namespace passport::test
