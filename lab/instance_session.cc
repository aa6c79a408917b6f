#include "lab/instance_session.h"

#include <cerrno>

#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include "base/log.h"
#include "net/random.h"

namespace passport::lab {
namespace asio = net::asio;
namespace {

using asio::posix::stream_descriptor;

constexpr std::size_t kReadSize = 64 << 10;       // bytes a recv(2)
constexpr std::size_t kMaxReadBurst = 256 << 10;  // before the client's writer has its turn
constexpr std::chrono::seconds kIdleTick{30};

/// When the port refuses, the real agent's session worker dies without a word: stream data
/// stays unacknowledged, and a minute later the agent reports the task as failed (observed with
/// amazon-ssm-agent 3.3.0; agent/session/plugins/port/port_basic.go Stop).
constexpr std::chrono::seconds kWorkerTimeout{60};
constexpr char kWorkerLostWords[] =
    "document process failed unexpectedly: ipc messaging received timeout signal, check "
    "[ssm-session-worker] log for crash reason";

wire::ssm::Time now() {
  return std::chrono::steady_clock::now();
}

wire::ssm::AgentConfig make_config(const std::string& session_id,
                                   const InstanceAgentConfig& config) {
  wire::ssm::AgentConfig out;
  out.agent_version = config.agent_version;
  out.session_id = session_id;
  out.port = std::to_string(config.port);
  out.payload_size = config.payload_size;
  out.clock = net::clock_now();
  return out;
}

}  // namespace

struct InstanceSession::Port {
  Port(const asio::any_io_executor& executor, Fd fd)
      : descriptor(executor, fd.release()), writable(executor) {}
  stream_descriptor descriptor;
  net::Event writable;  ///< there is something that could not be written at once
};

InstanceSession::InstanceSession(asio::any_io_executor executor, std::string id,
                                 SessionHooks hooks, PortConnector connect_to,
                                 InstanceAgentConfig config)
    : GatewaySession(executor, std::move(id), std::move(hooks)),
      connect_to_(std::move(connect_to)),
      port_number_(config.port),
      channel_(make_config(GatewaySession::id(), config), net::random_uuids(), now()),
      timer_(executor),
      room_(executor) {}

InstanceSession::~InstanceSession() = default;

void InstanceSession::start() {
  asio::co_spawn(executor(), run_timers(), asio::detached);
}

net::Task<void> InstanceSession::run_timers() {
  const auto self = shared_from_this();
  while (!ended()) {
    // What the channel has to say goes out before its deadlines count: the last acknowledgement
    // of a session is sent before the session is over.
    channel_.on_timer(now());
    if (channel_.state() == wire::ssm::AgentChannel::State::kClosed) {
      end("");
      break;
    }
    if (channel_.take_disconnect() && port_) std::exchange(port_, nullptr)->descriptor.close();
    if (channel_.wants_port() && !port_ && !connecting_) {
      connecting_ = true;
      asio::co_spawn(executor(), connect_port(), asio::detached);
    }
    wake_client_writer();
    wake_port_reader();
    armed_until_ =
        std::min(channel_.next_timeout().value_or(wire::ssm::Time::max()), now() + kIdleTick);
    if (worker_lost_at_) armed_until_ = std::min(armed_until_, *worker_lost_at_);
    co_await timer_.wait(armed_until_);
  }
}

/// The timers sleep until armed_until_: wakes them when something is due earlier.
void InstanceSession::rearm() {
  const auto due = channel_.next_timeout();
  const bool wants = channel_.state() != wire::ssm::AgentChannel::State::kOpen ||
                     (channel_.wants_port() && !connecting_);
  if (wants || (due && *due < armed_until_)) timer_.notify();
}

void InstanceSession::wake_port_reader() {
  if (waits_for_room_ && channel_.room() > 0) room_.notify();
}

net::Task<void> InstanceSession::connect_port() {
  const auto self = shared_from_this();
  auto fd = co_await connect_to_(port_number_);
  if (ended()) co_return;
  if (!fd) {
    log(LogLevel::kInfo, "port refused: session={} {}", id(), fd.error().detail);
    worker_lost_at_ = now() + kWorkerTimeout;
    timer_.notify();
    co_return;  // connecting_ stays: there is no second try
  }
  connecting_ = false;
  port_ = std::make_shared<Port>(executor(), std::move(*fd));
  channel_.port_connected(now());
  asio::co_spawn(executor(), read_port(port_), asio::detached);
  asio::co_spawn(executor(), write_port(port_), asio::detached);
}

net::Task<void> InstanceSession::read_port(std::shared_ptr<Port> port) {
  const auto self = shared_from_this();
  Bytes buffer(kReadSize);
  boost::system::error_code error;
  std::size_t burst = 0;
  while (port == port_ && !ended()) {
    const auto room = channel_.room();
    if (room == 0) {
      if (std::exchange(burst, 0) > 0) wake_client_writer();
      waits_for_room_ = true;
      co_await room_.wait(net::deadline_in(kIdleTick));
      waits_for_room_ = false;
      continue;
    }
    const auto n = burst < kMaxReadBurst
                       ? ::recv(port->descriptor.native_handle(), buffer.data(),
                                std::min(room, buffer.size()), MSG_DONTWAIT)
                       : -1;
    if (n > 0) {
      channel_.send(ByteView(buffer).first(static_cast<std::size_t>(n)), now());
      burst += static_cast<std::size_t>(n);
      continue;
    }
    if (n == 0 || (burst < kMaxReadBurst && errno != EAGAIN && errno != EINTR)) {
      port_failed();
      break;
    }
    if (std::exchange(burst, 0) > 0) wake_client_writer();
    co_await port->descriptor.async_wait(stream_descriptor::wait_read,
                                         asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
  }
}

/// Writes what the port takes now; the rest is left to write_port().
void InstanceSession::write_port_now() {
  while (port_ && !channel_.readable().empty()) {
    const auto bytes = channel_.readable();
    const auto n = ::send(port_->descriptor.native_handle(), bytes.data(), bytes.size(),
                          MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      channel_.consume(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      port_->writable.notify();
      return;
    } else if (errno != EINTR) {
      port_failed();
    }
  }
}

net::Task<void> InstanceSession::write_port(std::shared_ptr<Port> port) {
  const auto self = shared_from_this();
  boost::system::error_code error;
  while (port == port_ && !ended()) {
    co_await port->writable.wait(net::deadline_in(kIdleTick));
    if (port != port_ || channel_.readable().empty()) continue;
    co_await port->descriptor.async_wait(stream_descriptor::wait_write,
                                         asio::redirect_error(asio::use_awaitable, error));
    if (error || port != port_) break;
    write_port_now();
    if (takes_more()) wake_client_reader();
  }
}

/// The port's connection is over, from its side.
void InstanceSession::port_failed() {
  if (!port_) return;
  const auto port = std::exchange(port_, nullptr);
  boost::system::error_code ignored;
  port->descriptor.close(ignored);
  port->writable.notify();
  channel_.consume(channel_.readable().size());  // nobody is left to read it
  channel_.port_closed(now());
  wake_client_writer();
  wake_client_reader();
  timer_.notify();
}

void InstanceSession::receive_from_client(wire::WebSocketMessage& message) {
  const auto received = channel_.receive(message, now());
  if (!received) {
    log(LogLevel::kInfo, "bad message: session={} {}", id(), received.error().detail);
    end("The client broke the protocol: " + received.error().detail);
  }
}

void InstanceSession::flush_from_client() {
  write_port_now();
  wake_port_reader();
  wake_client_writer();
  rearm();
}

bool InstanceSession::next_for_client(wire::WebSocketMessage& out) {
  do {
    if (!channel_.next_outgoing(out, now())) {
      wake_port_reader();  // what was due is on its way
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
  if (port_) {
    const auto port = std::exchange(port_, nullptr);
    boost::system::error_code ignored;
    port->descriptor.close(ignored);
    port->writable.notify();
  }
  timer_.notify();
  room_.notify();
}

}  // namespace passport::lab
