#include "lab/faulty_socket.h"

#include <boost/asio/detached.hpp>

#include "net/event.h"

namespace passport::lab {
namespace asio = net::asio;
namespace {

constexpr std::size_t kMaxBatch = 64;  // messages
constexpr std::chrono::minutes kIdle{1};
constexpr std::chrono::seconds kCloseDeadline{2};
constexpr unsigned kAbnormalClosure = 1006;
constexpr std::size_t kMaskSize = 4;

net::Deadline now() {
  return std::chrono::steady_clock::now();
}

/// RFC 6455 section 5.2.
std::size_t frame_header_size(std::size_t payload) {
  return payload < 126 ? 2 : payload <= 0xFFFF ? 4 : 10;
}

}  // namespace

struct FaultySockets::State : std::enable_shared_from_this<State> {
  State(const asio::any_io_executor& e, std::unique_ptr<net::WebSocket> websocket, LabFaults& f,
        Peer p, std::uint64_t number)
      : executor(e),
        inner(std::move(websocket)),
        faults(f),
        peer(p),
        in(f.seed + 2 * number),
        out(f.seed + 2 * number + 1),
        arrived(e),
        in_room(e),
        departed(e),
        out_room(e),
        closing(e) {
    if (peer == Peer::kClient && faults.cut_times > 0) {
      in_cut = faults.to_agent_cut;
      out_cut = faults.to_client_cut;
    }
  }

  bool in_by_path() const {
    return pumping_in || (peer == Peer::kClient && (in_cut || faults.to_agent.any()));
  }
  bool out_by_path() const {
    if (peer == Peer::kAgent) return false;
    return out_cut || writing || !out.empty() || faults.to_client.any();
  }
  void faults_changed();
  void stop();
  net::Task<void> cut(wire::WebSocketMessage message, std::size_t bytes);

  static net::Task<void> pump_in(std::shared_ptr<State> self);
  static net::Task<void> pump_out(std::shared_ptr<State> self);
  static net::Task<void> close_when_due(std::shared_ptr<State> self);
  static net::Task<bool> read(std::shared_ptr<State> self, wire::WebSocketMessage& into);
  static net::Task<bool> write(std::shared_ptr<State> self,
                               std::span<const wire::WebSocketMessage> messages);
  static net::Task<void> close(std::shared_ptr<State> self, unsigned code, std::string reason,
                               net::Deadline deadline);
  net::Task<bool> write_due(std::vector<wire::WebSocketMessage>& batch);

  asio::any_io_executor executor;
  std::unique_ptr<net::WebSocket> inner;
  LabFaults& faults;
  Peer peer;
  FaultyPath in;        ///< from the peer
  FaultyPath out;       ///< to it
  net::Event arrived;   ///< for the reader: something is on `in`, or never will be
  net::Event in_room;   ///< for pump_in
  net::Event departed;  ///< for pump_out: something is on `out`, or it is over
  net::Event out_room;  ///< for the writer, and for close(): `out` has become shorter
  net::Event closing;   ///< for close_when_due
  net::Deadline opened = now();
  std::optional<std::uint64_t> in_cut;  ///< bytes that may still pass
  std::optional<std::uint64_t> out_cut;
  bool pumping_in = false;
  bool pumping_out = false;
  bool writing = false;
  bool awaiting_close = false;
  bool in_over = false;
  bool over = false;
};

void FaultySockets::State::stop() {
  over = true;
  in_over = true;
  for (auto* event : {&arrived, &in_room, &departed, &out_room, &closing}) event->notify();
}

void FaultySockets::State::faults_changed() {
  if (over) return;
  inner->set_fragment_size(peer == Peer::kClient ? faults.to_client_split
                                                 : faults.to_agent_split);
  if (peer == Peer::kAgent) return;
  closing.notify();
  if (faults.close_every.count() > 0 && !std::exchange(awaiting_close, true)) {
    asio::co_spawn(executor, close_when_due(shared_from_this()), asio::detached);
  }
}

net::Task<void> FaultySockets::State::close_when_due(std::shared_ptr<State> self) {
  while (!self->over && self->faults.close_every.count() > 0) {
    const auto due = self->opened + self->faults.close_every;
    if (now() < due) {
      co_await self->closing.wait(due);
      continue;
    }
    if (self->faults.close_code == kAbnormalClosure) {
      co_await self->inner->break_off({}, 0, true);
    } else {
      co_await self->inner->close(self->faults.close_code, self->faults.close_reason,
                                  net::deadline_in(kCloseDeadline));
    }
    self->stop();
  }
  self->awaiting_close = false;
}

net::Task<void> FaultySockets::State::cut(wire::WebSocketMessage message, std::size_t bytes) {
  if (faults.cut_times > 0 && faults.cut_times != LabFaults::kAlways) --faults.cut_times;
  co_await inner->break_off(message, bytes, faults.cut_resets);
  stop();
}

net::Task<void> FaultySockets::State::pump_in(std::shared_ptr<State> self) {
  wire::WebSocketMessage message;
  while (!self->over) {
    if (self->in.full()) {
      co_await self->in_room.wait(net::deadline_in(kIdle));
      continue;
    }
    if (!co_await self->inner->read(message)) break;
    const auto size =
        frame_header_size(message.bytes.size()) + kMaskSize + message.bytes.size();
    if (self->in_cut && size > *self->in_cut && self->faults.cut_times > 0) {
      co_await self->cut({}, 0);
      break;
    }
    if (self->in_cut) *self->in_cut -= std::min<std::uint64_t>(*self->in_cut, size);
    self->in.push(self->faults.to_agent, std::exchange(message, {}), now());
    self->arrived.notify();
  }
  self->in_over = true;
  self->arrived.notify();
}

net::Task<bool> FaultySockets::State::read(std::shared_ptr<State> self,
                                           wire::WebSocketMessage& into) {
  if (!std::exchange(self->pumping_in, true)) {
    asio::co_spawn(self->executor, pump_in(self), asio::detached);
  }
  while (!self->over) {
    if (self->in.pop(into, now())) {
      self->in_room.notify();
      co_return true;
    }
    const auto due = self->in.next_due();
    if (self->in_over && !due) break;
    co_await self->arrived.wait(due.value_or(net::deadline_in(kIdle)));
  }
  co_return false;
}

/// Writes up to the byte at which the connection is to be cut.
net::Task<bool> FaultySockets::State::write_due(std::vector<wire::WebSocketMessage>& batch) {
  std::size_t whole = 0;
  for (; out_cut && whole < batch.size(); ++whole) {
    const auto payload = batch[whole].bytes.size();
    const auto size = frame_header_size(payload) + payload;
    if (size > *out_cut && faults.cut_times > 0) break;
    *out_cut -= std::min<std::uint64_t>(*out_cut, size);
  }
  if (!out_cut) whole = batch.size();
  if (whole > 0) {
    if (!co_await inner->write(std::span(batch).first(whole))) co_return false;
  }
  if (whole == batch.size()) co_return true;
  co_await cut(std::move(batch[whole]), static_cast<std::size_t>(*out_cut));
  co_return false;
}

net::Task<void> FaultySockets::State::pump_out(std::shared_ptr<State> self) {
  std::vector<wire::WebSocketMessage> batch;
  while (!self->over) {
    batch.clear();
    wire::WebSocketMessage message;
    while (batch.size() < kMaxBatch && self->out.pop(message, now()))
      batch.push_back(std::move(message));
    if (batch.empty()) {
      self->out_room.notify();
      co_await self->departed.wait(self->out.next_due().value_or(net::deadline_in(kIdle)));
      continue;
    }
    self->writing = true;
    const bool written = co_await self->write_due(batch);
    self->writing = false;
    self->out_room.notify();
    if (!written) self->stop();
  }
}

net::Task<bool> FaultySockets::State::write(std::shared_ptr<State> self,
                                            std::span<const wire::WebSocketMessage> messages) {
  if (!std::exchange(self->pumping_out, true)) {
    asio::co_spawn(self->executor, pump_out(self), asio::detached);
  }
  for (const auto& message : messages) {
    self->out.push(self->faults.to_client, message, now());
  }
  self->departed.notify();
  while (!self->over && self->out.full()) {
    co_await self->out_room.wait(net::deadline_in(kIdle));
  }
  co_return !self->over;
}

net::Task<void> FaultySockets::State::close(std::shared_ptr<State> self, unsigned code,
                                            std::string reason, net::Deadline deadline) {
  while (!self->over && self->out_by_path() && now() < deadline) {
    if (self->out.empty() && !self->writing) break;
    co_await self->out_room.wait(deadline);
  }
  co_await self->inner->close(code, std::move(reason), deadline);
  self->stop();
}

class FaultySockets::Socket final : public net::WebSocket {
 public:
  explicit Socket(std::shared_ptr<State> state) : state_(std::move(state)) {}
  ~Socket() override { Socket::abort(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  net::Task<bool> read(wire::WebSocketMessage& into) override {
    return state_->in_by_path() ? State::read(state_, into) : state_->inner->read(into);
  }
  bool has_buffered_input() const override {
    if (!state_->in_by_path()) return state_->inner->has_buffered_input();
    const auto due = state_->in.next_due();
    return due && *due <= now();
  }
  net::Task<bool> write(std::span<const wire::WebSocketMessage> messages) override {
    return state_->out_by_path() ? State::write(state_, messages)
                                 : state_->inner->write(messages);
  }
  net::Task<bool> ping() override { return state_->inner->ping(); }
  net::Deadline last_heard() const override { return state_->inner->last_heard(); }
  net::Task<void> close(unsigned code, std::string reason, net::Deadline deadline) override {
    return State::close(state_, code, std::move(reason), deadline);
  }
  void abort() override {
    state_->inner->abort();
    state_->stop();
  }
  const net::WebSocketClosed& closed() const override { return state_->inner->closed(); }

 private:
  std::shared_ptr<State> state_;
};

FaultySockets::FaultySockets(asio::any_io_executor executor, LabFaults& faults)
    : executor_(std::move(executor)), faults_(faults) {}

FaultySockets::~FaultySockets() = default;

std::unique_ptr<net::WebSocket> FaultySockets::wrap(std::unique_ptr<net::WebSocket> websocket,
                                                    Peer peer) {
  const auto state =
      std::make_shared<State>(executor_, std::move(websocket), faults_, peer, ++wrapped_);
  state->faults_changed();
  live();
  states_.push_back(state);
  return std::make_unique<Socket>(state);
}

/// The ones that are in use; forgets the others.
std::vector<std::shared_ptr<FaultySockets::State>> FaultySockets::live() {
  std::vector<std::shared_ptr<State>> out;
  std::erase_if(states_, [&](const std::weak_ptr<State>& weak) {
    auto state = weak.lock();
    const bool gone = !state || state->over;
    if (!gone) out.push_back(std::move(state));
    return gone;
  });
  return out;
}

void FaultySockets::faults_changed() {
  for (const auto& state : live()) state->faults_changed();
}

void FaultySockets::hold(bool on) {
  for (const auto& state : live()) {
    if (state->peer == Peer::kClient) state->inner->hold(on);
  }
}

}  // namespace passport::lab
