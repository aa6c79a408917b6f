#include "lab/mux_plugin.h"

#include <deque>

#include "base/log.h"
#include "lab/instance_session.h"
#include "net/mux_sockets.h"

namespace passport::lab {
namespace {

using wire::ssm::Mux;

/// Unread bytes of all streams above which the real agent takes no more of the channel (smux
/// DefaultConfig MaxReceiveBuffer).
constexpr std::size_t kMaxReceiveBuffer = 4 << 20;

wire::ssm::Time now() {
  return std::chrono::steady_clock::now();
}

class MuxPlugin : public InstancePlugin, private net::MuxCarrier {
 public:
  MuxPlugin(InstanceSession& session, PortConnector connect_to)
      : session_(session),
        channel_(session.channel()),
        connect_to_(std::move(connect_to)),
        sockets_(session.executor(), Mux::Role::kServer, net::HalfClose::kNever, *this),
        accepted_(session.executor()) {}

  void connect() override;
  void take_bytes() override;
  void give_bytes() override { sockets_.flush(); }
  void stop() override {
    sockets_.stop();
    accepted_.notify();
  }

 private:
  std::size_t room() const override { return channel_.room(); }
  void send(ByteView bytes) override {
    channel_.send(bytes, now());
    session_.sent();
  }
  void spawn(net::Task<void> loop) override { session_.spawn(std::move(loop)); }
  void taken() override {
    take_bytes();
    session_.taken();
  }
  void opened(Mux::StreamId id) override {
    waiting_.push_back(id);
    accepted_.notify();
  }
  net::Task<void> accept();

  InstanceSession& session_;
  wire::ssm::AgentChannel& channel_;
  PortConnector connect_to_;
  net::MuxSockets sockets_;
  net::Event accepted_;
  std::deque<Mux::StreamId> waiting_;  ///< for their connection, in the order of their opening
  bool accepting_ = false;
  bool taking_ = false;
};

void MuxPlugin::connect() {
  channel_.port_connected(now());
  session_.changed();
  if (std::exchange(accepting_, true)) return;
  session_.spawn(accept());
}

net::Task<void> MuxPlugin::accept() {
  while (!session_.ended()) {
    if (waiting_.empty()) {
      co_await accepted_.wait();
      continue;
    }
    const auto id = waiting_.front();
    waiting_.pop_front();
    auto fd = co_await connect_to_();
    if (session_.ended()) break;
    if (!sockets_.mux().is_open(id)) continue;
    if (fd) {
      sockets_.add(id, fd->release());
      continue;
    }
    log(LogLevel::kInfo, "port refused: session={} {}", session_.id(), fd.error().detail);
    channel_.send_flag(wire::ssm::Flag::kConnectToPortError);
    sockets_.close(id);
    session_.sent();
  }
}

void MuxPlugin::take_bytes() {
  if (std::exchange(taking_, true)) return;  // asked for by what this does
  while (!channel_.readable().empty() && sockets_.mux().unread() < kMaxReceiveBuffer) {
    const auto bytes = channel_.readable();
    const Bytes piece(bytes.begin(), bytes.end());
    channel_.consume(piece.size());
    const auto received = sockets_.receive(piece);
    if (received) continue;
    log(LogLevel::kInfo, "bad bytes: session={} {}", session_.id(), received.error().detail);
    channel_.port_closed(now());
    session_.changed();
  }
  taking_ = false;
}

}  // namespace

std::unique_ptr<InstancePlugin> make_mux_plugin(InstanceSession& session,
                                                PortConnector connect_to) {
  return std::make_unique<MuxPlugin>(session, std::move(connect_to));
}

}  // namespace passport::lab
