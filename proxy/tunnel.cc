#include "proxy/tunnel.h"

#include <algorithm>

#include "base/log.h"

namespace passport::proxy {
namespace {

using wire::ssm::ClientChannel;
using Clock = std::chrono::steady_clock;
using State = ClientChannel::State;

/// The channel gives up on its own after 2 s; this is for a websocket that takes no more
/// writes.
constexpr std::chrono::seconds kEndTimeout{3};
constexpr std::chrono::seconds kReaderCheckEvery{1};

Error lost_connection(const net::WebSocketClosed& closed) {
  auto detail = "the connection to the session broke (websocket code " +
                std::to_string(closed.code) + ")";
  if (!closed.reason.empty()) detail += ": the service says: " + closed.reason;
  return Error{Errc::kUnavailable, std::move(detail)};
}

}  // namespace

Tunnel::Tunnel(net::asio::any_io_executor executor, ClientChannel& channel,
               net::WebSocket& websocket, net::StdinReader& input, net::StdoutWriter& output,
               std::chrono::milliseconds quiet_after_input)
    : executor_(std::move(executor)),
      channel_(channel),
      websocket_(websocket),
      input_(input),
      output_(output),
      quiet_after_input_(quiet_after_input),
      outgoing_(executor_),
      incoming_(executor_),
      room_(executor_),
      taken_(executor_),
      time_(executor_),
      ended_(executor_),
      loop_ended_(executor_),
      alive_since_(Clock::now()),
      last_data_(alive_since_) {}

net::Task<TunnelEnd> Tunnel::run() {
  spawn(read_websocket());
  spawn(write_websocket());
  spawn(read_input());
  spawn(write_output());
  spawn(keep_time());
  while (!end_) co_await ended_.wait();
  if (end_->cause == TunnelEnd::Cause::kLocal) co_await end_session();
  if (end_->cause == TunnelEnd::Cause::kFailed) co_await deliver_rest();
  stopped_ = true;
  input_.cancel();
  output_.cancel();
  websocket_.abort();
  for (auto* event : {&outgoing_, &incoming_, &room_, &taken_, &time_}) event->notify();
  while (loops_ > 0) co_await loop_ended_.wait();
  co_return std::move(*end_);
}

void Tunnel::interrupt() {
  end(TunnelEnd::Cause::kLocal);
}

void Tunnel::spawn(net::Task<void> loop) {
  ++loops_;
  net::asio::co_spawn(executor_, std::move(loop), [this](const std::exception_ptr& failure) {
    --loops_;
    loop_ended_.notify();
    if (failure)
      end(TunnelEnd::Cause::kFailed, Error{Errc::kInternal, "a pump of the tunnel failed"});
  });
}

void Tunnel::end(TunnelEnd::Cause cause, std::optional<Error> error) {
  if (end_) return;
  end_ = TunnelEnd{cause, std::move(error)};
  ended_.notify();
}

net::Task<void> Tunnel::end_session() {
  channel_.terminate(Clock::now());
  outgoing_.notify();
  time_.notify();
  const auto deadline = net::deadline_in(kEndTimeout);
  while (channel_.state() != State::kClosed && loops_ > 0 && Clock::now() < deadline)
    co_await ended_.wait(deadline);
}

/// What was acknowledged before the connection broke is delivered: the agent counts on it.
net::Task<void> Tunnel::deliver_rest() {
  incoming_.notify();
  const auto deadline = net::deadline_in(kEndTimeout);
  while (has_output() && loops_ > 0 && Clock::now() < deadline) co_await ended_.wait(deadline);
}

net::Task<void> Tunnel::read_websocket() {
  wire::WebSocketMessage message;
  while (!stopped_) {
    while (channel_.readable().size() > kMaxReadable && !stopped_) {
      after_receive();
      reading_ = false;
      co_await taken_.wait();
      reading_ = true;
      alive_since_ = Clock::now();
    }
    if (!co_await websocket_.read(message)) {
      if (channel_.state() != State::kClosed)
        end(TunnelEnd::Cause::kFailed, lost_connection(websocket_.closed()));
      break;
    }
    if (auto taken = channel_.receive(message, Clock::now()); !taken) {
      end(TunnelEnd::Cause::kFailed, taken.error());
      break;
    }
    // One answer to many messages costs little more than one to each.
    if (!websocket_.has_buffered_input() || ++unanswered_ >= kBatch) after_receive();
  }
  after_receive();
}

void Tunnel::after_receive() {
  unanswered_ = 0;
  outgoing_.notify();
  if (channel_.room() > 0) room_.notify();
  if (!channel_.readable().empty()) {
    last_data_ = Clock::now();
    incoming_.notify();
  }
  if (channel_.state() == State::kFinishing && channel_.drained()) time_.notify();
  if (channel_.state() != State::kClosed) return;
  incoming_.notify();
  ended_.notify();
}

std::size_t Tunnel::fill_batch() {
  const auto now = Clock::now();
  std::size_t n = 0;
  std::size_t bytes = 0;
  while (n < kBatch && bytes < kBatchBytes && channel_.next_outgoing(batch_[n], now))
    bytes += batch_[n++].bytes.size();
  return n;
}

net::Task<void> Tunnel::write_websocket() {
  while (!stopped_) {
    const auto n = fill_batch();
    if (const auto t = channel_.next_timeout(); t && *t < timer_at_) time_.notify();
    if (n == 0) {
      co_await outgoing_.wait();
      continue;
    }
    if (!co_await websocket_.write(std::span(batch_).first(n)))
      break;  // read_websocket() says why
    if (channel_.room() > 0) room_.notify();
  }
}

net::Task<void> Tunnel::read_input() {
  Bytes buffer(kReadSize);
  while (!stopped_) {
    const auto room = std::min(channel_.room(), buffer.size());
    if (room == 0) {
      co_await room_.wait();
      continue;
    }
    const auto n = co_await input_.read(std::span(buffer).first(room));
    if (stopped_) break;
    if (!n) {
      end(TunnelEnd::Cause::kFailed, n.error());
      break;
    }
    if (*n == 0) {
      channel_.finish(Clock::now());
      last_data_ = Clock::now();
      time_.notify();
      break;
    }
    auto rest = ByteView(buffer).first(*n);
    while (!rest.empty() && !stopped_) {
      const auto sent = channel_.send(rest, Clock::now());
      rest = rest.subspan(sent);
      outgoing_.notify();
      if (sent == 0) co_await room_.wait();
    }
  }
}

net::Task<void> Tunnel::write_output() {
  Bytes bytes;
  while (!stopped_) {
    channel_.take_readable(bytes);
    if (bytes.empty()) {
      if (channel_.state() == State::kClosed) {
        end(TunnelEnd::Cause::kPeer);
        break;
      }
      co_await incoming_.wait();
      continue;
    }
    taken_.notify();
    writing_ = true;
    const auto written = co_await output_.write(bytes);
    writing_ = false;
    last_data_ = Clock::now();
    if (end_) ended_.notify();  // deliver_rest() waits
    if (!written) end(TunnelEnd::Cause::kFailed, written.error());
    if (!written || !*written) {
      output_lost_ = true;
      end(TunnelEnd::Cause::kLocal);
      break;
    }
  }
}

net::Task<void> Tunnel::keep_time() {
  while (!stopped_) {
    const auto now = Clock::now();
    if (auto fired = channel_.on_timer(now); !fired)
      end(TunnelEnd::Cause::kFailed, fired.error());
    outgoing_.notify();
    if (channel_.room() > 0) room_.notify();
    if (channel_.state() == State::kClosed) {
      incoming_.notify();
      ended_.notify();
    }
    check_quiet(now);
    const auto heard = std::max(websocket_.last_heard(), alive_since_);
    if (reading_ && now - heard > kDeadAfter)
      end(TunnelEnd::Cause::kFailed,
          Error{Errc::kUnavailable,
                "the connection to the session is dead: nothing heard for 45 s"});
    if (now - std::max(heard, last_ping_) >= kPingEvery) {
      last_ping_ = now;
      co_await websocket_.ping();
    }
    timer_at_ = next_deadline(Clock::now());
    co_await time_.wait(timer_at_);
  }
}

void Tunnel::check_quiet(net::Deadline now) {
  if (output_.reader_gone()) end(TunnelEnd::Cause::kLocal);
  if (channel_.state() != State::kFinishing || !channel_.drained() || has_output()) return;
  if (now - last_data_ >= quiet_after_input_) {
    if (channel_.port_proved()) {
      end(TunnelEnd::Cause::kLocal);
    } else {
      end(TunnelEnd::Cause::kFailed,
          Error{Errc::kUnavailable, std::string(wire::ssm::kPortSilent)});
    }
  }
}

net::Deadline Tunnel::next_deadline(net::Deadline now) const {
  const auto heard = std::max(websocket_.last_heard(), alive_since_);
  auto next = std::min(std::max(heard, last_ping_) + kPingEvery,
                       std::max(heard + kDeadAfter, now + std::chrono::seconds(1)));
  if (const auto t = channel_.next_timeout()) next = std::min(next, *t);
  if (channel_.state() == State::kFinishing)
    next = std::min({next, now + kReaderCheckEvery, now + quiet_after_input_});
  return next;
}

}  // namespace passport::proxy
