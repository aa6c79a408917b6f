#include <cerrno>
#include <deque>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "net/peer.h"
#include "proxy/forward_mode.h"

namespace passport::proxy {
namespace {

using net::asio::posix::stream_descriptor;

constexpr std::size_t kReadSize = 64 << 10;  // bytes a recv(2)
constexpr std::size_t kMaxWaiting = 128;     // connections that wait for their turn
constexpr std::chrono::seconds kLookEvery{1};
/// A port has no half-close that could be passed on: what still comes is delivered until it has
/// been quiet for so long.
constexpr std::chrono::seconds kQuietAfterInput{10};

net::Deadline now() {
  return std::chrono::steady_clock::now();
}

bool is_transient(int error) {
  return error == EAGAIN || error == EINTR;
}

/// Agents without smux have one connection to the port, which they drop when they are told to
/// (DisconnectToPort) and make again when data comes. They do not tell when the port's side
/// ended.
class SingleForward : public ForwardMode {
 public:
  explicit SingleForward(Link& link)
      : link_(link), channel_(link.channel()), room_(link.executor()), data_(link.executor()) {}

  void add(int socket) override;
  void take_bytes() override;
  void give_bytes() override { room_.notify(); }
  bool has_output() const override { return local_ != nullptr && !channel_.readable().empty(); }
  void on_timer(net::Deadline now) override;
  net::Deadline next_deadline(net::Deadline now) const override;
  void stop() override;

 private:
  struct Local {
    Local(const net::asio::any_io_executor& executor, int socket)
        : descriptor(executor, socket) {}
    stream_descriptor descriptor;
    bool input_ended = false;
    net::Deadline last_data = now();
  };
  using Pointer = std::shared_ptr<Local>;

  net::Task<void> read(Pointer local);
  net::Task<void> write(Pointer local);
  void drop(const Pointer& local);
  void start_next();

  Link& link_;
  wire::ssm::ClientChannel& channel_;
  net::Event room_;
  net::Event data_;
  Pointer local_;                ///< the one connection
  std::deque<Pointer> waiting_;  ///< for it to go
  bool disconnecting_ = false;   ///< what comes is the last connection's
};

void SingleForward::add(int socket) {
  if (waiting_.size() >= kMaxWaiting) {
    log_line("a connection is refused: too many wait for the one before them");
    ::close(socket);
    return;
  }
  waiting_.push_back(std::make_shared<Local>(link_.executor(), socket));
  start_next();
}

void SingleForward::start_next() {
  if (local_ != nullptr || disconnecting_ || waiting_.empty()) return;
  local_ = waiting_.front();
  waiting_.pop_front();
  link_.spawn(read(local_));
  link_.spawn(write(local_));
}

void SingleForward::take_bytes() {
  if (disconnecting_) {
    channel_.consume(channel_.readable().size());
    link_.taken();
    if (!channel_.drained()) return;
    disconnecting_ = false;
    start_next();
  }
  data_.notify();
}

net::Task<void> SingleForward::read(Pointer local) {
  Bytes buffer(kReadSize);
  boost::system::error_code error;
  while (local == local_) {
    const auto room = std::min(channel_.room(), buffer.size());
    if (room == 0) {
      co_await room_.wait();
      continue;
    }
    const auto n = ::recv(local->descriptor.native_handle(), buffer.data(), room, MSG_DONTWAIT);
    if (n > 0) {
      channel_.send(ByteView(buffer).first(static_cast<std::size_t>(n)), now());
      link_.sent();
    } else if (n == 0 && !net::is_peer_gone(local->descriptor.native_handle())) {
      local->input_ended = true;
      local->last_data = now();
      link_.check_soon();
      break;
    } else if (n == 0 || !is_transient(errno)) {
      drop(local);
      break;
    } else {
      co_await local->descriptor.async_wait(
          stream_descriptor::wait_read,
          net::asio::redirect_error(net::asio::use_awaitable, error));
    }
  }
}

net::Task<void> SingleForward::write(Pointer local) {
  boost::system::error_code error;
  while (local == local_) {
    const auto bytes = channel_.readable();
    if (bytes.empty()) {
      link_.delivered();
      co_await data_.wait();
      continue;
    }
    const auto n = ::send(local->descriptor.native_handle(), bytes.data(), bytes.size(),
                          MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      channel_.consume(static_cast<std::size_t>(n));
      local->last_data = now();
      link_.taken();
    } else if (!is_transient(errno)) {
      drop(local);
    } else {
      co_await local->descriptor.async_wait(
          stream_descriptor::wait_write,
          net::asio::redirect_error(net::asio::use_awaitable, error));
    }
  }
}

void SingleForward::drop(const Pointer& local) {
  if (local != local_) return;
  local_.reset();
  boost::system::error_code ignored;
  local->descriptor.close(ignored);
  disconnecting_ = true;
  channel_.disconnect_port();
  link_.sent();
  room_.notify();
  data_.notify();
  link_.check_soon();
}

void SingleForward::on_timer(net::Deadline at) {
  if (disconnecting_) take_bytes();
  const auto local = local_;
  if (!local || !local->input_ended) return;
  const bool quiet = at - local->last_data >= kQuietAfterInput && channel_.drained();
  if (quiet || net::is_peer_gone(local->descriptor.native_handle())) drop(local);
}

net::Deadline SingleForward::next_deadline(net::Deadline at) const {
  const bool watches = disconnecting_ || (local_ != nullptr && local_->input_ended);
  return watches ? at + kLookEvery : net::Deadline::max();
}

void SingleForward::stop() {
  if (local_) {
    boost::system::error_code ignored;
    std::exchange(local_, nullptr)->descriptor.close(ignored);
  }
  room_.notify();
  data_.notify();
  waiting_.clear();
}

}  // namespace

std::unique_ptr<ForwardMode> make_single_forward(Link& link) {
  return std::make_unique<SingleForward>(link);
}

}  // namespace passport::proxy
