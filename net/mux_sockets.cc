#include "net/mux_sockets.h"

#include <cerrno>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <sys/socket.h>

#include "net/peer.h"

namespace passport::net {
namespace {

using asio::posix::stream_descriptor;
using wire::ssm::Mux;

Deadline now() {
  return std::chrono::steady_clock::now();
}

bool is_transient(int error) {
  return error == EAGAIN || error == EINTR;
}

}  // namespace

void MuxCarrier::opened(Mux::StreamId /*id*/) {}

bool MuxCarrier::refused(Mux::StreamId /*id*/) {
  return false;
}

struct MuxSockets::Connection {
  Connection(const asio::any_io_executor& executor, Mux::StreamId stream, int socket)
      : id(stream), descriptor(executor, socket), room(executor), data(executor) {}
  Mux::StreamId id;
  stream_descriptor descriptor;
  Event room;                 ///< the stream may take bytes
  Event data;                 ///< the stream has bytes, or ended
  bool input_ended = false;   ///< the socket's
  bool finished = false;      ///< and the stream knows
  bool output_ended = false;  ///< the stream's, and the socket knows
  Deadline last_data = now();
};

MuxSockets::MuxSockets(asio::any_io_executor executor, Mux::Role role, HalfClose half_close,
                       MuxCarrier& carrier, std::chrono::milliseconds quiet_after_input)
    : executor_(std::move(executor)),
      mux_(role),
      half_close_(half_close),
      carrier_(carrier),
      quiet_after_input_(quiet_after_input),
      buffer_(Mux::kMaxFrame) {}

MuxSockets::~MuxSockets() = default;

Result<void> MuxSockets::receive(ByteView bytes) {
  auto received = mux_.receive(bytes, now());
  flush();
  drop_overflowing();
  return received;
}

void MuxSockets::drop_overflowing() {
  while (const auto id = mux_.find_overflowing(now())) {
    carrier_.overflowing(*id);
    const auto it = connections_.find(*id);
    if (it == connections_.end()) {
      mux_.close(*id);
    } else {
      drop(Pointer(it->second), true);
    }
  }
}

void MuxSockets::flush() {
  while (const auto room = carrier_.room()) {
    out_.clear();
    mux_.next_outgoing(room, out_);
    if (out_.empty()) break;
    carrier_.send(out_);
  }
  for (const auto id : mux_.take_changed()) {
    const auto it = connections_.find(id);
    if (it == connections_.end()) continue;
    it->second->room.notify();
    it->second->data.notify();
  }
  for (const auto id : mux_.take_opened()) carrier_.opened(id);
}

void MuxSockets::add(StreamId id, int socket) {
  const auto connection = std::make_shared<Connection>(executor_, id, socket);
  connections_[id] = connection;
  carrier_.spawn(read(connection));
  carrier_.spawn(write(connection));
}

bool MuxSockets::is_live(const Pointer& connection) const {
  const auto it = connections_.find(connection->id);
  return it != connections_.end() && it->second == connection;
}

Task<void> MuxSockets::read(Pointer connection) {
  boost::system::error_code error;
  while (is_live(connection)) {
    const auto room = mux_.room(connection->id);
    if (room == 0) {
      co_await connection->room.wait();
      continue;
    }
    const auto n = ::recv(connection->descriptor.native_handle(), buffer_.data(),
                          std::min(room, buffer_.size()), MSG_DONTWAIT);
    if (n == 0) {
      end_input(connection);
      break;
    }
    if (n < 0 && !is_transient(errno)) {
      drop(connection, false);
      break;
    }
    if (n < 0) {
      co_await connection->descriptor.async_wait(
          stream_descriptor::wait_read, asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    if (connection->output_ended) {  // the peer has closed: as TCP answers then
      drop(connection, true);
      break;
    }
    mux_.send(connection->id, ByteView(buffer_).first(static_cast<std::size_t>(n)));
    flush();
    co_await asio::post(executor_, asio::use_awaitable);  // it is the others' turn
  }
}

Task<void> MuxSockets::write(Pointer connection) {
  boost::system::error_code error;
  while (is_live(connection)) {
    const auto bytes = mux_.readable(connection->id);
    if (bytes.empty() && mux_.ended(connection->id)) {
      end_output(connection);
      break;
    }
    if (bytes.empty()) {
      co_await connection->data.wait();
      continue;
    }
    const auto n = ::send(connection->descriptor.native_handle(), bytes.data(), bytes.size(),
                          MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && !is_transient(errno)) {
      drop(connection, false);
      break;
    }
    if (n < 0) {
      co_await connection->descriptor.async_wait(
          stream_descriptor::wait_write, asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    connection->last_data = now();
    mux_.consume(connection->id, static_cast<std::size_t>(n), connection->last_data);
    carrier_.taken();
  }
}

/// The socket says no more.
void MuxSockets::end_input(const Pointer& connection) {
  connection->last_data = now();
  const bool over = half_close_ == HalfClose::kNever || connection->output_ended ||
                    is_peer_gone(connection->descriptor.native_handle());
  if (over) return drop(connection, false);
  connection->input_ended = true;
  ++half_closed_;
  carrier_.taken();  // there is something to watch
}

/// The stream says no more, and the socket has taken all that it said.
void MuxSockets::end_output(const Pointer& connection) {
  const bool refused = !mux_.heard(connection->id) && carrier_.refused(connection->id);
  if (refused || half_close_ == HalfClose::kNever || connection->input_ended)
    return drop(connection, refused);
  connection->output_ended = true;
  ::shutdown(connection->descriptor.native_handle(), SHUT_WR);
}

void MuxSockets::on_timer(Deadline at) {
  drop_overflowing();
  if (half_closed_ == 0 || at - looked_at_ < kLookEvery) return;
  looked_at_ = at;
  const auto connections = connections_;
  for (const auto& [id, connection] : connections) {
    if (!connection->input_ended) continue;
    if (is_peer_gone(connection->descriptor.native_handle())) {
      drop(connection, false);
    } else if (!connection->finished && mux_.sent_all(id) &&
               at - connection->last_data >= quiet_after_input_) {
      connection->finished = true;
      if (!mux_.heard(id)) carrier_.unanswered(id);
      mux_.finish(id);
    }
  }
  flush();
}

void MuxSockets::close(StreamId id) {
  mux_.close(id);
  flush();
}

void MuxSockets::drop(const Pointer& connection, bool reset) {
  if (!is_live(connection)) return;
  const auto pointer = connection;
  if (pointer->input_ended) --half_closed_;
  connections_.erase(pointer->id);
  auto& descriptor = pointer->descriptor;
  if (reset) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(descriptor.native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  boost::system::error_code ignored;
  descriptor.close(ignored);
  pointer->room.notify();
  pointer->data.notify();
  close(pointer->id);
  carrier_.taken();
}

void MuxSockets::stop() {
  while (!connections_.empty()) drop(Pointer(connections_.begin()->second), false);
}

}  // namespace passport::net
