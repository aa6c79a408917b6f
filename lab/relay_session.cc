#include "lab/relay_session.h"

#include <boost/asio/detached.hpp>

namespace passport::lab {
namespace asio = net::asio;
namespace {

/// How long an agent has to take the end of a session before its connection is dropped.
constexpr std::chrono::seconds kFarewell{3};

}  // namespace

void RelaySession::Queue::push(wire::WebSocketMessage message) {
  bytes += message.bytes.size();
  messages.push_back(std::move(message));
}

bool RelaySession::Queue::pop(wire::WebSocketMessage& out) {
  if (messages.empty()) return false;
  out = std::move(messages.front());
  messages.pop_front();
  bytes -= out.bytes.size();
  return true;
}

RelaySession::RelaySession(asio::any_io_executor executor, std::string id, SessionHooks hooks)
    : GatewaySession(executor, std::move(id), std::move(hooks)), agent_room_(executor) {}

void RelaySession::receive_from_client(wire::WebSocketMessage& message) {
  if (!message.text) to_agent_.push(std::exchange(message, {}));
}

void RelaySession::flush_from_client() {
  if (agent_) agent_->outgoing.notify();
}

bool RelaySession::next_for_client(wire::WebSocketMessage& out) {
  const bool was_full = to_client_.bytes >= kMaxQueued;
  const bool found = to_client_.pop(out);
  if (was_full && to_client_.bytes < kMaxQueued) agent_room_.notify();
  return found;
}

bool RelaySession::next_for_agent(wire::WebSocketMessage& out) {
  const bool was_full = !takes_more();
  const bool found = to_agent_.pop(out);
  if (was_full && takes_more()) wake_client_reader();
  if (found || !agent_closing_due_) return found;
  agent_closing_due_ = false;
  out = make_channel_closed(id(), "", make_stamp());
  return true;
}

net::Task<void> RelaySession::read_agent(std::shared_ptr<MessageLink> link) {
  wire::WebSocketMessage message;
  while (link == agent_) {  // g++ 12 would await behind a false &&
    if (!co_await link->websocket->read(message)) break;
    if (message.text || ended() || is_agent_session_state(message)) continue;
    to_client_.push(std::exchange(message, {}));
    if (link->websocket->has_buffered_input() && to_client_.bytes < kMaxQueued) continue;
    wake_client_writer();
    while (to_client_.bytes >= kMaxQueued && link == agent_ && !ended()) {
      co_await agent_room_.wait(net::deadline_in(std::chrono::minutes(1)));
    }
  }
}

net::Task<void> RelaySession::run_agent(std::unique_ptr<net::WebSocket> websocket) {
  const auto self = std::static_pointer_cast<RelaySession>(shared_from_this());
  const auto link = std::make_shared<MessageLink>(executor(), std::move(websocket));
  if (const auto old = std::exchange(agent_, link)) {
    old->websocket->abort();
    old->outgoing.notify();
  }
  had_agent_ = true;
  asio::co_spawn(
      executor(),
      write_link(link, {[self](wire::WebSocketMessage& m) { return self->next_for_agent(m); },
                        [self, link] { return self->agent_ == link; },
                        [self] { return self->ended(); }}),
      asio::detached);
  co_await read_agent(link);
  if (agent_ != link) co_return;
  agent_.reset();
  link->outgoing.notify();
  if (!ended()) asio::co_spawn(executor(), await_return(self), asio::detached);
}

/// Held weakly: a session that ended meanwhile is not kept for the timer's sake.
net::Task<void> RelaySession::await_return(std::weak_ptr<RelaySession> weak) {
  asio::steady_timer timer(co_await asio::this_coro::executor, kAgentReturn);
  co_await timer.async_wait(asio::use_awaitable);
  const auto self = weak.lock();
  if (self && !self->agent_) self->end("The agent's data channel was lost");
}

void RelaySession::pause_agent(bool on) {
  to_agent_.push(make_publication(!on, make_stamp()));
  if (agent_) agent_->outgoing.notify();
}

void RelaySession::on_end() {
  agent_closing_due_ = true;
  if (agent_) {
    agent_->outgoing.notify();
    asio::co_spawn(executor(), abort_later(agent_, kFarewell), asio::detached);
  }
  agent_room_.notify();
}

}  // namespace passport::lab
