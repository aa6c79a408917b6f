// Sockets of this machine, each carried by a stream of one smux session.
#pragma once
#include <map>
#include <memory>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "net/event.h"
#include "wire/ssm/mux.h"

namespace passport::net {

/// What the streams of a MuxSockets are carried by.
class MuxCarrier {
 public:
  MuxCarrier() = default;
  virtual ~MuxCarrier() = default;
  MuxCarrier(const MuxCarrier&) = delete;
  MuxCarrier& operator=(const MuxCarrier&) = delete;

  virtual std::size_t room() const = 0;     ///< bytes that send() takes now
  virtual void send(ByteView bytes) = 0;    ///< at most room()
  virtual void spawn(Task<void> loop) = 0;  ///< the MuxSockets outlives it
  virtual void taken() = 0;                 ///< readers moved: takes_more() may have changed
  /// The peer opened a stream: add() or close() it, unless it is not open any more.
  virtual void opened(wire::ssm::Mux::StreamId id);
  /// The peer ended a stream of which nothing ever came. True: it never reached anything, and
  /// its socket is reset.
  virtual bool refused(wire::ssm::Mux::StreamId id);
  /// A socket ended its half, nothing ever came, and now the peer closes both.
  virtual void unanswered(wire::ssm::Mux::StreamId /*id*/) {}
  /// A stream is about to be closed because its reader holds up the others.
  virtual void overflowing(wire::ssm::Mux::StreamId /*id*/) {}
};

/// What to do when one direction of a connection ends.
enum class HalfClose {
  kNever,  ///< close both, as the agent does with either end (port_mux.go handleDataTransfer)
  /// The peer closes both: so its end is passed on to the socket, and the socket's end to the
  /// peer only when the socket is closed altogether, or nothing came for kQuietAfterInput.
  kHeldBack,
};

/// The pumps between sockets and streams. receive() what the carrier brings, while
/// takes_more(); flush() when it has room; on_timer() each second.
class MuxSockets {
 public:
  using StreamId = wire::ssm::Mux::StreamId;
  static constexpr std::chrono::milliseconds kQuietAfterInput{10000};
  static constexpr std::chrono::seconds kLookEvery{1};

  MuxSockets(asio::any_io_executor executor, wire::ssm::Mux::Role role, HalfClose half_close,
             MuxCarrier& carrier,
             std::chrono::milliseconds quiet_after_input = kQuietAfterInput);
  ~MuxSockets();
  MuxSockets(const MuxSockets&) = delete;
  MuxSockets& operator=(const MuxSockets&) = delete;

  wire::ssm::Mux& mux() { return mux_; }
  /// Errors: kProtocol.
  Result<void> receive(ByteView bytes);
  void flush();
  void on_timer(Deadline now);
  /// True while on_timer() has something to watch.
  bool watches() const { return half_closed_ > 0 || !mux_.takes_more(); }

  /// Carries a connected, non-blocking stream socket, which is closed at its end.
  void add(StreamId id, int socket);
  void close(StreamId id);
  std::size_t size() const { return connections_.size(); }
  /// Bytes wait for a socket that still takes them.
  bool has_output() const { return mux_.unread() > 0; }
  /// Closes all sockets.
  void stop();

 private:
  struct Connection;
  using Pointer = std::shared_ptr<Connection>;

  Task<void> read(Pointer connection);
  Task<void> write(Pointer connection);
  bool is_live(const Pointer& connection) const;
  void end_input(const Pointer& connection);
  void end_output(const Pointer& connection);
  void drop(const Pointer& connection, bool reset);
  void drop_overflowing();

  asio::any_io_executor executor_;
  wire::ssm::Mux mux_;
  HalfClose half_close_;
  MuxCarrier& carrier_;
  std::chrono::milliseconds quiet_after_input_;
  std::map<StreamId, Pointer> connections_;
  std::size_t half_closed_ = 0;  ///< connections whose input has ended
  Deadline looked_at_{};
  Bytes buffer_;
  Bytes out_;
};

}  // namespace passport::net
