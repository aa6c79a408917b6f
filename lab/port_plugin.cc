#include "lab/port_plugin.h"

#include <cerrno>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <sys/socket.h>

#include "base/log.h"
#include "lab/instance_session.h"

namespace passport::lab {
namespace asio = net::asio;
namespace {

using asio::posix::stream_descriptor;

constexpr std::size_t kReadSize = 64 << 10;       // bytes a recv(2)
constexpr std::size_t kMaxReadBurst = 256 << 10;  // before the client's writer has its turn
constexpr std::chrono::seconds kIdleTick{30};
constexpr std::size_t kPacedRead = 1024;         // bytes, as the real agent's reads
constexpr std::chrono::milliseconds kMaxLag{5};  // of wakings that came late, to be made up for

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

class PortPlugin : public InstancePlugin {
 public:
  PortPlugin(InstanceSession& session, PortConnector connect_to, PortEnd end,
             const LabFaults& faults)
      : session_(session),
        channel_(session.channel()),
        connect_to_(std::move(connect_to)),
        end_(end),
        faults_(faults),
        room_(session.executor()) {}

  void connect() override { session_.spawn(connect_port()); }
  void disconnect() override {
    take_bytes();  // what came before
    drop();
  }
  void take_bytes() override;
  void give_bytes() override {
    if (waits_for_room_) room_.notify();
  }
  void stop() override {
    drop();
    room_.notify();
  }

 private:
  struct Port {
    Port(const asio::any_io_executor& executor, Fd fd)
        : descriptor(executor, fd.release()), writable(executor) {}
    stream_descriptor descriptor;
    net::Event writable;  ///< there is something that could not be written at once
  };

  net::Task<void> connect_port();
  net::Task<void> read_port(std::shared_ptr<Port> port);
  net::Task<void> write_port(std::shared_ptr<Port> port);
  void port_failed();
  void drop();

  InstanceSession& session_;
  wire::ssm::AgentChannel& channel_;
  PortConnector connect_to_;
  PortEnd end_;
  const LabFaults& faults_;
  bool was_connected_ = false;
  std::shared_ptr<Port> port_;  ///< null while not connected
  bool waits_for_room_ = false;
  net::Event room_;  ///< the channel may take bytes of the port
};

net::Task<void> PortPlugin::connect_port() {
  auto fd = co_await connect_to_();
  if (session_.ended()) co_return;
  if (!fd) {
    log(LogLevel::kInfo, "port refused: session={} {}", session_.id(), fd.error().detail);
    // The channel goes on to want its port: there is no second try.
    if (was_connected_) {
      session_.fail_after({}, "");
    } else {
      session_.fail_after(kWorkerTimeout, kWorkerLostWords);
    }
    co_return;
  }
  was_connected_ = true;
  port_ = std::make_shared<Port>(session_.executor(), std::move(*fd));
  channel_.port_connected(now());
  session_.changed();
  session_.spawn(read_port(port_));
  session_.spawn(write_port(port_));
}

net::Task<void> PortPlugin::read_port(std::shared_ptr<Port> port) {
  Bytes buffer(kReadSize);
  boost::system::error_code error;
  std::size_t burst = 0;
  asio::steady_timer pause(session_.executor());
  auto next = now();
  while (port == port_ && !session_.ended()) {
    const auto room = channel_.room();
    if (room == 0) {
      if (std::exchange(burst, 0) > 0) session_.sent();
      waits_for_room_ = true;
      co_await room_.wait(net::deadline_in(kIdleTick));
      waits_for_room_ = false;
      continue;
    }
    const auto pace = faults_.agent_pace;
    const auto most = pace.count() > 0 ? kPacedRead : buffer.size();
    const auto n = burst < kMaxReadBurst
                       ? ::recv(port->descriptor.native_handle(), buffer.data(),
                                std::min(room, most), MSG_DONTWAIT)
                       : -1;
    if (n > 0) {
      channel_.send(ByteView(buffer).first(static_cast<std::size_t>(n)), now());
      burst += static_cast<std::size_t>(n);
      if (pace.count() == 0) continue;
      session_.sent();
      burst = 0;
      // A pace, not a sleep: many sessions share this thread, and agents share nothing.
      next = std::max(next + pace, now() - kMaxLag);
      pause.expires_at(next);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    if (n == 0 || (burst < kMaxReadBurst && errno != EAGAIN && errno != EINTR)) {
      port_failed();
      break;
    }
    if (std::exchange(burst, 0) > 0) session_.sent();
    co_await port->descriptor.async_wait(stream_descriptor::wait_read,
                                         asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
  }
}

/// Writes what the port takes now; the rest is left to write_port().
void PortPlugin::take_bytes() {
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

net::Task<void> PortPlugin::write_port(std::shared_ptr<Port> port) {
  boost::system::error_code error;
  while (port == port_ && !session_.ended()) {
    co_await port->writable.wait(net::deadline_in(kIdleTick));
    if (port != port_ || channel_.readable().empty()) continue;
    co_await port->descriptor.async_wait(stream_descriptor::wait_write,
                                         asio::redirect_error(asio::use_awaitable, error));
    if (error || port != port_) break;
    take_bytes();
    session_.taken();
  }
}

/// The port's connection is over, from its side.
void PortPlugin::port_failed() {
  if (!port_) return;
  drop();
  channel_.consume(channel_.readable().size());  // nobody is left to read it
  if (end_ == PortEnd::kReconnects) {
    channel_.port_lost();
  } else {
    channel_.port_closed(now());
  }
  session_.sent();
  session_.taken();
  session_.changed();
}

void PortPlugin::drop() {
  if (!port_) return;
  const auto port = std::exchange(port_, nullptr);
  boost::system::error_code ignored;
  port->descriptor.close(ignored);
  port->writable.notify();
}

}  // namespace

std::unique_ptr<InstancePlugin> make_port_plugin(InstanceSession& session,
                                                 PortConnector connect_to, PortEnd end,
                                                 const LabFaults& faults) {
  return std::make_unique<PortPlugin>(session, std::move(connect_to), end, faults);
}

}  // namespace passport::lab
