#include "lab/instance_session.h"

#include <boost/asio/detached.hpp>

#include "base/log.h"
#include "net/random.h"

namespace passport::lab {
namespace asio = net::asio;
namespace {

constexpr std::chrono::seconds kIdleTick{30};

wire::ssm::Time now() {
  return std::chrono::steady_clock::now();
}

wire::ssm::AgentConfig complete(wire::ssm::AgentConfig config, const std::string& session_id) {
  config.session_id = session_id;
  config.clock = net::clock_now();
  return config;
}

}  // namespace

InstanceSession::InstanceSession(asio::any_io_executor executor, std::string id,
                                 SessionHooks hooks, wire::ssm::AgentConfig config,
                                 InstancePluginSource make_plugin, KeyDecrypter decrypt_key)
    : GatewaySession(executor, std::move(id), std::move(hooks)),
      make_plugin_(std::move(make_plugin)),
      decrypt_key_(std::move(decrypt_key)),
      channel_(complete(std::move(config), GatewaySession::id()), net::random_uuids(), now()),
      timer_(executor) {}

InstanceSession::~InstanceSession() = default;

void InstanceSession::start() {
  spawn(run_timers());
}

void InstanceSession::spawn(net::Task<void> loop) {
  const auto keep_alive = [self = shared_from_this()](const std::exception_ptr& failure) {
    if (failure) std::rethrow_exception(failure);
  };
  asio::co_spawn(executor(), std::move(loop), keep_alive);
}

net::Task<void> InstanceSession::run_timers() {
  while (!ended()) {
    // What the channel has to say goes out before its deadlines count: the last acknowledgement
    // of a session is sent before the session is over.
    channel_.on_timer(now());
    if (channel_.state() == wire::ssm::AgentChannel::State::kClosed) {
      end("");
      break;
    }
    if (fails_at_ && now() >= *fails_at_) {
      end(failure_words_);
      break;
    }
    if (channel_.take_disconnect() && plugin_) plugin_->disconnect();
    if (channel_.wants_port() && !std::exchange(connecting_, true)) {
      if (!plugin_) plugin_ = make_plugin_(*this);
      plugin_->connect();
    }
    if (!channel_.wants_port()) connecting_ = false;
    wake_client_writer();
    give_bytes();
    armed_until_ =
        std::min(channel_.next_timeout().value_or(wire::ssm::Time::max()), now() + kIdleTick);
    if (fails_at_) armed_until_ = std::min(armed_until_, *fails_at_);
    co_await timer_.wait(armed_until_);
  }
}

/// The timers sleep until armed_until_: wakes them when something is due earlier.
void InstanceSession::rearm() {
  const auto due = channel_.next_timeout();
  const bool wants = channel_.state() != wire::ssm::AgentChannel::State::kOpen ||
                     (channel_.wants_port() && !connecting_) || channel_.disconnect_due();
  if (wants || (due && *due < armed_until_)) timer_.notify();
}

void InstanceSession::give_bytes() {
  if (plugin_ && channel_.room() > 0) plugin_->give_bytes();
}

void InstanceSession::taken() {
  if (takes_more()) wake_client_reader();
}

void InstanceSession::fail_after(std::chrono::milliseconds delay, std::string words) {
  fails_at_ = now() + delay;
  failure_words_ = std::move(words);
  timer_.notify();
}

void InstanceSession::receive_from_client(wire::WebSocketMessage& message) {
  const auto received = channel_.receive(message, now());
  if (!received) {
    log(LogLevel::kInfo, "bad message: session={} {}", id(), received.error().detail);
    end("The client broke the protocol: " + received.error().detail);
  } else if (channel_.key_offered()) {
    take_key();
  }
}

void InstanceSession::take_key() {
  auto key = decrypt_key_(*channel_.key_offered());
  auto taken = key ? channel_.provide_key(*key, now()) : Result<void>(key.error());
  if (!taken) end(taken.error().detail);
}

void InstanceSession::flush_from_client() {
  if (plugin_) plugin_->take_bytes();
  give_bytes();
  wake_client_writer();
  rearm();
}

bool InstanceSession::next_for_client(wire::WebSocketMessage& out) {
  do {
    if (!channel_.next_outgoing(out, now())) {
      give_bytes();  // what was due is on its way
      rearm();
      return false;
    }
  } while (is_agent_session_state(out));  // meant for the service
  return true;
}

void InstanceSession::client_attached(bool again) {
  if (again) channel_.resume(now());
}

void InstanceSession::pause_agent(bool on) {
  const auto received = channel_.receive(make_publication(!on, make_stamp()), now());
  if (received) timer_.notify();
}

void InstanceSession::on_end() {
  if (plugin_) plugin_->stop();
  timer_.notify();
}

}  // namespace passport::lab
