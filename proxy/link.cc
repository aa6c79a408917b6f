#include "proxy/link.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "net/random.h"

namespace passport::proxy {
namespace {

using wire::ssm::ClientChannel;
using Clock = std::chrono::steady_clock;
using State = ClientChannel::State;

/// The channel gives up on its own after 2 s; this is for a websocket that takes no more
/// writes.
constexpr std::chrono::seconds kEndTimeout{3};

std::string describe(const net::WebSocketClosed& closed) {
  auto text = fmt::format("websocket code {}", closed.code);
  if (!closed.reason.empty()) text += ": " + escape_for_terminal(closed.reason, 200);
  return text;
}

}  // namespace

/// A try to get a new connection. It may outlive the link, which then does not want it.
struct Link::Attempt {
  explicit Attempt(const net::asio::any_io_executor& executor) : done(executor) {}
  net::Event done;
  std::optional<Result<Connection>> result;
};

namespace {

template <class Attempt>
net::Task<void> run_attempt(std::shared_ptr<Attempt> attempt, Reconnect reconnect, bool renew,
                            net::Deadline deadline) {
  auto result = co_await reconnect(renew, deadline);
  attempt->result.emplace(std::move(result));
}

}  // namespace

Link::Link(net::asio::any_io_executor executor, ClientChannel& channel, Reconnect reconnect,
           LinkConfig config)
    : executor_(std::move(executor)),
      channel_(channel),
      reconnect_(std::move(reconnect)),
      config_(config),
      outgoing_(executor_),
      incoming_(executor_),
      room_(executor_),
      taken_(executor_),
      time_(executor_),
      ended_(executor_),
      loop_ended_(executor_),
      retry_(executor_),
      alive_since_(Clock::now()) {}

net::Task<LinkEnd> Link::run(std::shared_ptr<net::WebSocket> first, LocalSide& local) {
  local_ = &local;
  attach(first);
  spawn(serve(std::move(first)));
  spawn(write());
  local.start(*this);
  spawn(keep_time());
  while (!end_) co_await ended_.wait();
  if (end_->cause == LinkEnd::Cause::kLocal) co_await end_session();
  if (end_->error) co_await deliver_rest();
  stopped_ = true;
  local.stop();
  if (websocket_) websocket_->abort();
  if (attempt_) attempt_->done.notify();
  for (auto* event : {&outgoing_, &incoming_, &room_, &taken_, &time_, &retry_})
    event->notify();
  while (loops_ > 0) co_await loop_ended_.wait();
  end_->resumes = resumes_;
  co_return std::move(*end_);
}

void Link::spawn(net::Task<void> loop) {
  ++loops_;
  net::asio::co_spawn(executor_, std::move(loop), [this](const std::exception_ptr& failure) {
    --loops_;
    loop_ended_.notify();
    if (failure)
      end(LinkEnd::Cause::kFailed, Error{Errc::kInternal, "a pump of the tunnel failed"});
  });
}

void Link::end(LinkEnd::Cause cause, std::optional<Error> error) {
  if (end_) return;
  end_ = LinkEnd{cause, std::move(error)};
  ended_.notify();
  retry_.notify();
  if (attempt_) attempt_->done.notify();
}

net::Task<void> Link::end_session() {
  if (!websocket_) co_return;  // nobody to be told; TerminateSession tells the service
  channel_.terminate(Clock::now());
  outgoing_.notify();
  time_.notify();
  const auto deadline = net::deadline_in(kEndTimeout);
  while (channel_.state() != State::kClosed && websocket_ && Clock::now() < deadline)
    co_await ended_.wait(deadline);
}

/// What was acknowledged before the connection broke is delivered: the agent counts on it.
net::Task<void> Link::deliver_rest() {
  incoming_.notify();
  const auto deadline = net::deadline_in(kEndTimeout);
  while (local_->has_output() && Clock::now() < deadline) co_await ended_.wait(deadline);
}

void Link::attach(std::shared_ptr<net::WebSocket> websocket) {
  websocket_ = std::move(websocket);
  alive_since_ = Clock::now();
  silence_.clear();
  outgoing_.notify();
  time_.notify();
}

net::Task<void> Link::serve(std::shared_ptr<net::WebSocket> websocket) {
  while (websocket) {
    co_await read(websocket);
    after_receive();
    websocket_.reset();
    ended_.notify();  // end_session() may wait for an answer that cannot come
    if (end_ || stopped_ || channel_.state() == State::kClosed) break;
    auto why = silence_.empty() ? describe(websocket->closed()) : silence_;
    log(LogLevel::kInfo, "connection lost: {}", why);
    if (!outage_) outage_.emplace(std::move(why), Clock::now(), config_.resume_for);
    time_.notify();
    websocket = co_await resume();
  }
}

net::Task<void> Link::read(std::shared_ptr<net::WebSocket> websocket) {
  wire::WebSocketMessage message;
  while (!stopped_) {
    while (channel_.waiting() > kMaxReadable && !stopped_) {
      after_receive();
      reading_ = false;
      co_await taken_.wait();
      reading_ = true;
      alive_since_ = Clock::now();
    }
    if (!co_await websocket->read(message)) break;
    if (outage_) end_outage();
    if (auto taken = channel_.receive(message, Clock::now()); !taken) {
      end(LinkEnd::Cause::kFailed, taken.error());
      break;
    }
    // One answer to many messages costs little more than one to each.
    if (!websocket->has_buffered_input() || ++unanswered_ >= kBatch) after_receive();
  }
}

void Link::provide_key(const wire::DataKey& key) {
  if (auto taken = channel_.provide_key(key, Clock::now()); !taken)
    end(LinkEnd::Cause::kFailed, taken.error());
  outgoing_.notify();
  time_.notify();
}

void Link::end_outage() {
  const auto lasted =
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - outage_->since());
  log(LogLevel::kInfo, "connection resumed after_ms={}", lasted.count());
  outage_.reset();
}

/// The next connection; null when there is none, and then end() was called.
net::Task<std::shared_ptr<net::WebSocket>> Link::resume() {
  auto random = net::random_uuids();
  for (;;) {
    const auto try_at = outage_->next_try(Clock::now(), random()[0] * 256ULL + random()[1]);
    while (!end_ && !stopped_ && Clock::now() < try_at) co_await retry_.wait(try_at);
    if (end_ || stopped_) co_return nullptr;
    if (Clock::now() >= outage_->until()) break;
    auto connection = co_await attempt();
    if (end_ || stopped_) co_return nullptr;
    if (connection) {
      channel_.resume(std::move(connection->token), Clock::now());
      attach(connection->websocket);
      ++resumes_;
      co_return std::move(connection->websocket);
    }
    log(LogLevel::kInfo, "cannot resume yet: {}", connection.error().detail);
    if (auto final_error = outage_->judge(connection.error())) {
      const bool gone = connection.error().code == Errc::kNotFound;
      end(gone ? LinkEnd::Cause::kGone : LinkEnd::Cause::kFailed, std::move(final_error));
      co_return nullptr;
    }
  }
  end(LinkEnd::Cause::kFailed, outage_->give_up());
  co_return nullptr;
}

net::Task<Result<Connection>> Link::attempt() {
  const auto deadline = std::min(outage_->until(), net::deadline_in(kAttemptTime));
  const auto attempt = std::make_shared<Attempt>(executor_);
  attempt_ = attempt;
  spawn_attempt(attempt, deadline);
  co_await attempt->done.wait();
  attempt_.reset();
  if (attempt->result) co_return std::move(*attempt->result);
  co_return Error{Errc::kInternal, "the try to resume failed"};
}

void Link::spawn_attempt(std::shared_ptr<Attempt> attempt, net::Deadline deadline) {
  net::asio::co_spawn(executor_, run_attempt(attempt, reconnect_, outage_->refused(), deadline),
                      [attempt](const std::exception_ptr&) { attempt->done.notify(); });
}

void Link::after_receive() {
  unanswered_ = 0;
  if (const auto& wanted = channel_.key_wanted(); wanted && key_request_)
    std::exchange(key_request_, nullptr)(*wanted);
  outgoing_.notify();
  if (channel_.room() > 0) room_.notify();
  if (channel_.waiting() > 0) incoming_.notify();
  notice_opening();
  if (channel_.state() == State::kFinishing && channel_.drained()) time_.notify();
  if (channel_.state() != State::kClosed) return;
  incoming_.notify();
  ended_.notify();
}

void Link::notice_opening() {
  if (opened_ || channel_.state() != State::kOpen) return;
  opened_ = true;
  incoming_.notify();
}

void Link::sent() {
  outgoing_.notify();
}

void Link::taken() {
  taken_.notify();
}

void Link::delivered() {
  if (end_) ended_.notify();  // deliver_rest() waits
}

void Link::check_soon() {
  time_.notify();
}

std::size_t Link::fill_batch() {
  const auto now = Clock::now();
  std::size_t n = 0;
  std::size_t bytes = 0;
  while (n < kBatch && bytes < kBatchBytes && channel_.next_outgoing(batch_[n], now))
    bytes += batch_[n++].bytes.size();
  return n;
}

net::Task<void> Link::write() {
  while (!stopped_) {
    const auto websocket = websocket_;
    const auto n = websocket ? fill_batch() : 0;
    if (const auto t = channel_.next_timeout(); t && *t < timer_at_) time_.notify();
    if (n == 0) {
      co_await outgoing_.wait();
      continue;
    }
    if (!co_await websocket->write(std::span(batch_).first(n))) {
      websocket->abort();  // read() says why
      if (websocket_ == websocket) websocket_.reset();
      continue;
    }
    if (channel_.room() > 0) room_.notify();
  }
}

net::Task<void> Link::keep_time() {
  while (!stopped_) {
    const auto now = Clock::now();
    if (websocket_) {
      if (auto fired = channel_.on_timer(now); !fired)
        end(LinkEnd::Cause::kFailed, fired.error());
    }
    outgoing_.notify();
    if (channel_.room() > 0) room_.notify();
    if (channel_.state() == State::kClosed) {
      incoming_.notify();
      ended_.notify();
    }
    notice_opening();
    local_->on_timer(now);
    if (outage_) {
      if (const auto notice = outage_->take_notice(now); !notice.empty()) log_line(notice);
    }
    co_await watch(now);
    timer_at_ = next_deadline(Clock::now());
    co_await time_.wait(timer_at_);
  }
}

net::Deadline Link::last_heard() const {
  return std::max(websocket_->last_heard(), alive_since_);
}

/// Asks whether the connection is alive, and drops it when it is not.
net::Task<void> Link::watch(net::Deadline now) {
  const auto websocket = websocket_;
  if (!websocket) co_return;
  const auto heard = last_heard();
  if (probed_at_ && heard > *probed_at_) probed_at_.reset();
  if (reading_ && now - heard > config_.dead_after) {
    silence_ = fmt::format("nothing heard for {} s", config_.dead_after.count() / 1000);
    websocket->abort();
  } else if (reading_ && probed_at_ && now - *probed_at_ > kProbeTime) {
    silence_ = "no answer after this machine slept";
    probed_at_.reset();
    websocket->abort();
  } else if (probe_due_ || now - std::max(heard, last_ping_) >= config_.ping_every) {
    probe_due_ = false;
    last_ping_ = now;
    co_await websocket->ping();
  }
}

void Link::probe() {
  if (!websocket_ || probed_at_) return;
  probed_at_ = Clock::now();
  probe_due_ = true;
  time_.notify();
}

net::Deadline Link::next_deadline(net::Deadline now) const {
  auto next = local_->next_deadline(now);
  if (outage_) next = std::min(next, outage_->notice_at().value_or(net::Deadline::max()));
  if (!websocket_) return next;
  const auto heard = last_heard();
  next = std::min({next, std::max(heard, last_ping_) + config_.ping_every,
                   std::max(heard + config_.dead_after, now + std::chrono::seconds(1))});
  if (probed_at_) next = std::min(next, *probed_at_ + kProbeTime);
  if (const auto t = channel_.next_timeout()) next = std::min(next, *t);
  return next;
}

}  // namespace passport::proxy
