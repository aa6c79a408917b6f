#include "lab/gateway_session.h"

#include <boost/asio/detached.hpp>

#include "net/random.h"

namespace passport::lab {
namespace asio = net::asio;
namespace {

/// Messages taken from a client before they are passed on, even if more have arrived.
constexpr unsigned kReadBatch = 64;
constexpr std::size_t kMaxServiceFrames = 16;
constexpr unsigned kPolicyViolation = 1008;
/// How long a client has to take the last words before its connection is dropped.
constexpr std::chrono::seconds kFarewell{3};

}  // namespace

GatewaySession::GatewaySession(asio::any_io_executor executor, std::string id,
                               SessionHooks hooks)
    : executor_(executor),
      id_(std::move(id)),
      hooks_(std::move(hooks)),
      client_room_(executor) {}

FrameStamp GatewaySession::make_stamp() const {
  return {net::random_uuids()(), net::clock_now().unix_ms};
}

void GatewaySession::wake_client_writer() {
  if (client_) client_->outgoing.notify();
}

void GatewaySession::wake_client_reader() {
  client_room_.notify();
}

bool GatewaySession::next_frame(wire::WebSocketMessage& out) {
  if (!service_frames_.empty()) {
    out = std::move(service_frames_.front());
    service_frames_.pop_front();
    return true;
  }
  if (next_for_client(out)) return true;
  if (!closing_frame_due_) return false;
  closing_frame_due_ = false;
  out = make_channel_closed(id_, words_, make_stamp());
  return true;
}

net::Task<void> GatewaySession::read_client(std::shared_ptr<MessageLink> link) {
  wire::WebSocketMessage message;
  unsigned taken = 0;
  while (link == client_) {  // g++ 12 would await behind a false &&
    if (!co_await link->websocket->read(message)) break;
    if (ended_) continue;  // what comes until the close is answered
    receive_from_client(message);
    if (++taken < kReadBatch && link->websocket->has_buffered_input() && takes_more()) continue;
    taken = 0;
    flush_from_client();
    while (!takes_more() && link == client_ && !ended_) {
      co_await client_room_.wait(net::deadline_in(std::chrono::minutes(1)));
    }
  }
}

net::Task<void> GatewaySession::run_client(std::unique_ptr<net::WebSocket> websocket) {
  const auto self = shared_from_this();
  if (ended_) {
    co_await websocket->close(kPolicyViolation, "the session has ended",
                              net::deadline_in(std::chrono::seconds(2)));
    co_return;
  }
  drop_client();
  const auto link = std::make_shared<MessageLink>(executor_, std::move(websocket));
  client_ = link;
  client_attached(had_client_);
  had_client_ = true;
  detached_since_.reset();
  hooks_.client_changed(id_, true);
  asio::co_spawn(
      executor_,
      write_link(link, {[this, self](wire::WebSocketMessage& m) { return next_frame(m); },
                        [this, link] { return client_ == link; }, [this] { return ended_; }}),
      asio::detached);
  co_await read_client(link);
  if (client_ != link) co_return;  // another one has taken its place
  client_.reset();
  link->outgoing.notify();
  if (ended_) co_return;
  detached_since_ = net::deadline_in({});
  hooks_.client_changed(id_, false);
}

net::Task<void> GatewaySession::run_agent(std::unique_ptr<net::WebSocket> websocket) {
  co_await websocket->close(kPolicyViolation, "this session has an agent",
                            net::deadline_in(std::chrono::seconds(2)));
}

void GatewaySession::end(std::string words) {
  if (ended_) return;
  const auto self = shared_from_this();  // the gateway may let go of it in ended()
  ended_ = true;
  closing_frame_due_ = true;
  words_ = std::move(words);
  on_end();
  if (client_) asio::co_spawn(executor_, abort_later(client_, kFarewell), asio::detached);
  wake_client_writer();
  wake_client_reader();
  hooks_.ended(id_, words_);
}

void GatewaySession::drop_client() {
  if (!client_) return;
  const auto old = std::exchange(client_, nullptr);
  detached_since_ = net::deadline_in({});
  old->websocket->abort();
  old->outgoing.notify();
  wake_client_reader();
  if (!ended_) hooks_.client_changed(id_, false);
}

void GatewaySession::pause_client(bool on) {
  if (service_frames_.size() >= kMaxServiceFrames) return;
  service_frames_.push_back(make_publication(!on, make_stamp()));
  wake_client_writer();
}

}  // namespace passport::lab
