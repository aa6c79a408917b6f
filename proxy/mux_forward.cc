#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "net/mux_sockets.h"
#include "proxy/forward_mode.h"

namespace passport::proxy {
namespace {

using wire::ssm::Mux;

/// As the plugin's, for agents that end a silent session after 30 s (smux DefaultConfig).
constexpr std::chrono::seconds kKeepAliveEvery{10};

net::Deadline now() {
  return std::chrono::steady_clock::now();
}

class MuxForward : public ForwardMode, private net::MuxCarrier {
 public:
  MuxForward(Link& link, const net::asio::any_io_executor& executor, std::string remote)
      : link_(link),
        channel_(link.channel()),
        remote_(std::move(remote)),
        keeps_alive_(wire::ssm::compare_versions(channel_.agent_version(),
                                                 wire::ssm::kNoKeepAliveSince) < 0),
        sockets_(executor, Mux::Role::kClient, net::HalfClose::kHeldBack, *this) {}

  void add(int socket) override;
  void take_bytes() override;
  void give_bytes() override { sockets_.flush(); }
  bool has_output() const override { return sockets_.has_output(); }
  void on_timer(net::Deadline now) override;
  net::Deadline next_deadline(net::Deadline now) const override;
  void stop() override { sockets_.stop(); }

 private:
  std::size_t room() const override { return channel_.room(); }
  void send(ByteView bytes) override {
    channel_.send(bytes, now());
    link_.sent();
  }
  void spawn(net::Task<void> loop) override { link_.spawn(std::move(loop)); }
  void taken() override { take_bytes(); }
  bool refused(Mux::StreamId id) override;
  void unanswered(Mux::StreamId id) override;
  void overflowing(Mux::StreamId id) override;

  Link& link_;
  wire::ssm::ClientChannel& channel_;
  std::string remote_;
  bool keeps_alive_;
  net::MuxSockets sockets_;
  unsigned refusals_ = 0;  ///< told by the agent, and not yet found among the streams
  net::Deadline last_keep_alive_ = now();
  bool taking_ = false;
  bool watching_ = false;  ///< on_timer() will look soon
  Bytes piece_;
};

void MuxForward::add(int socket) {
  const auto id = sockets_.mux().open();
  if (id) {
    sockets_.add(*id, socket);
    sockets_.flush();
  } else {
    log_line(fmt::format("{}: a connection is refused: {}", remote_, id.error().detail));
    ::close(socket);
  }
}

void MuxForward::take_bytes() {
  if (std::exchange(taking_, true)) return;  // asked for by what this does
  refusals_ += channel_.take_refusals();
  while (!channel_.readable().empty() && sockets_.mux().takes_more()) {
    channel_.take_readable(piece_);
    link_.taken();
    if (auto received = sockets_.receive(piece_); !received) {
      link_.end(LinkEnd::Cause::kFailed, received.error());
      break;
    }
  }
  taking_ = false;
  if (sockets_.size() == 0) refusals_ = 0;  // whose they were has left
  if (sockets_.watches() && !std::exchange(watching_, true)) link_.check_soon();
  link_.delivered();
}

/// The flag does not say which stream it is for; that stream's end comes behind it. Connections
/// are made in turn and to one port, so it is the first to end without a byte.
bool MuxForward::refused(Mux::StreamId) {
  if (refusals_ == 0) return false;
  --refusals_;
  log_line(fmt::format("{}: the port refused a connection", remote_));
  return true;
}

void MuxForward::unanswered(Mux::StreamId) {
  log_line(fmt::format(
      "{}: a program ended its half of a connection and got no answer: the agent closes both",
      remote_));
}

void MuxForward::overflowing(Mux::StreamId) {
  log_line(fmt::format(
      "{}: a connection is closed: its program does not read, and {} MiB wait for it", remote_,
      Mux::kMaxUnread >> 20));
}

void MuxForward::on_timer(net::Deadline at) {
  sockets_.on_timer(at);
  take_bytes();
  watching_ = sockets_.watches();
  if (!keeps_alive_ || at - last_keep_alive_ < kKeepAliveEvery) return;
  last_keep_alive_ = at;
  sockets_.mux().keep_alive();
  sockets_.flush();
}

net::Deadline MuxForward::next_deadline(net::Deadline at) const {
  auto next = net::Deadline::max();
  if (sockets_.watches()) next = at + net::MuxSockets::kLookEvery;
  if (keeps_alive_) next = std::min(next, last_keep_alive_ + kKeepAliveEvery);
  return next;
}

}  // namespace

std::unique_ptr<ForwardMode> make_mux_forward(Link& link, std::string remote) {
  return std::make_unique<MuxForward>(link, link.executor(), std::move(remote));
}

}  // namespace passport::proxy
