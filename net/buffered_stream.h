// A connection, TLS or plain, with buffers of its own on both sides.
#pragma once
#include <list>
#include <memory>

#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/core/saved_handler.hpp>

#include "base/bytes.h"
#include "net/asio.h"  // first: brings <utility> before Asio's coroutines
#include "net/frame_scanner.h"
#include "net/tls_engine.h"
#include "net/watchdog.h"

namespace passport::net {

using asio::ip::tcp;
using boost::system::error_code;

/// What both ends of a connection share: reads take what the kernel has, up to 64 KiB, and keep
/// it until consumed; writes are appended to a buffer and go out together, in order, one system
/// call at a time. A handle: copies are the same connection, which closes with the last of
/// them.
///
/// It is also the layer under Beast's websocket: synchronous calls work on the buffers alone
/// (a read finds what has arrived or would_block, a write is appended), asynchronous ones wait.
class BufferedStream {
 public:
  using executor_type = asio::any_io_executor;

  /// Appended bytes above which writers wait for the network.
  static constexpr std::size_t kMaxPending = 256 << 10;

  /// `tls`: null for a plain connection.
  BufferedStream(tcp::socket socket, std::unique_ptr<TlsEngine> tls);

  const executor_type& get_executor() const;

  /// What follows is TLS, inside the TLS that there was, if any. Nothing is buffered or
  /// pending.
  void start_tls(std::unique_ptr<TlsEngine> tls);
  /// Does the TLS handshake, if there is TLS. Errors: kUnavailable, in the words of TLS.
  Task<Result<void>> handshake();

  /// What has been received and not consumed. Valid until the next fill.
  ByteView buffered() const;
  void consume(std::size_t n);
  /// Waits until more has been received.
  Task<error_code> fill();

  void append(ByteView bytes);
  std::size_t pending() const;
  /// Sends what was appended, as far as the network takes it now; the rest follows by itself.
  void start_flush();
  /// The same, and waits until all of it is sent.
  Task<error_code> flush();
  /// Why nothing more can be sent; success while it can.
  error_code write_error() const;
  /// Sends what was appended, then tells the peer that nothing more comes.
  void finish();
  /// Closes at once: operations under way end with operation_aborted.
  void abort();

  // What a peer has to bear, for a server that tries it.

  /// Forgets what was appended beyond `keep` bytes and is not on its way yet.
  void truncate(std::size_t keep);
  /// abort(), with a TCP reset or with the end of TCP alone: the peer finds no end of TLS.
  void break_off(bool reset);
  /// While on, nothing is received or sent, and the connection stays open.
  void hold(bool on);

  Deadline last_heard() const;
  bool resumed() const;

  /// From now on what is received are websocket frames; how many whole messages are there.
  void expect_frames();
  std::size_t whole_messages() const;
  void take_message();
  /// Until expect_frames(): a read gives at most one line, so that no frame which follows an
  /// HTTP header is taken with it.
  void read_by_line();

  template <class Buffers>
  std::size_t read_some(const Buffers& buffers, error_code& error);
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers, error_code& error);
  template <class Buffers>
  std::size_t read_some(const Buffers& buffers) {  // Beast asks for the throwing forms, too
    error_code error;
    const auto n = read_some(buffers, error);
    if (error) throw boost::system::system_error(error);
    return n;
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers) {
    error_code error;
    const auto n = write_some(buffers, error);
    if (error) throw boost::system::system_error(error);
    return n;
  }
  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token);
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token);
  /// Completes when all that was appended so far is sent, or cannot be.
  template <class Token>
  auto async_flush(Token&& token);

 private:
  struct Core;
  /// Handlers wait beside the socket operation, not in Core: what they hold may hold Core.
  struct ReadWait {
    boost::beast::saved_handler handler;
  };
  struct WriteWait {
    struct Entry {
      explicit Entry(std::uint64_t total) : until(total) {}
      std::uint64_t until;  ///< total of bytes sent
      boost::beast::saved_handler handler;
    };
    std::list<Entry> entries;  ///< a list: an empty saved_handler cannot be moved
  };

  /// Completes when a fill under way ends.
  template <class Token>
  auto async_wait_input(Token&& token);
  bool readable();  ///< a read would not wait
  ReadWait& start_fill();
  WriteWait* write_wait();  ///< null when nothing is in flight
  std::uint64_t appended_total() const;
  ByteView next_piece() const;
  error_code read_error() const;

  std::shared_ptr<Core> core_;
};

template <class Buffers>
std::size_t BufferedStream::read_some(const Buffers& buffers, error_code& error) {
  const auto piece = next_piece();
  error = piece.empty() ? read_error() : error_code();
  const auto n = asio::buffer_copy(buffers, asio::buffer(piece.data(), piece.size()));
  consume(n);
  return n;
}

template <class Buffers>
std::size_t BufferedStream::write_some(const Buffers& buffers, error_code& error) {
  error = write_error();
  if (error) return 0;
  const auto end = asio::buffer_sequence_end(buffers);
  for (auto it = asio::buffer_sequence_begin(buffers); it != end; ++it) {
    const asio::const_buffer b = *it;
    append({static_cast<const std::uint8_t*>(b.data()), b.size()});
  }
  return asio::buffer_size(buffers);
}

template <class Buffers, class Token>
auto BufferedStream::async_read_some(const Buffers& buffers, Token&& token) {
  return asio::async_compose<Token, void(error_code, std::size_t)>(
      [stream = *this, buffers, waited = false](auto& self, error_code error = {}) mutable {
        if (!waited && !error) {
          waited = true;
          auto s = stream;
          if (s.readable()) return asio::post(s.get_executor(), std::move(self));
          return s.start_fill().handler.emplace(std::move(self));
        }
        const auto n = error ? 0 : stream.read_some(buffers, error);
        self.complete(error, n);
      },
      token, get_executor());
}

template <class Buffers, class Token>
auto BufferedStream::async_write_some(const Buffers& buffers, Token&& token) {
  return asio::async_compose<Token, void(error_code, std::size_t)>(
      [stream = *this, buffers, n = std::size_t{0}, waited = false](
          auto& self, error_code error = {}) mutable {
        if (!waited && !error) {
          waited = true;
          n = stream.write_some(buffers, error);
          auto s = stream;
          s.start_flush();
          auto* wait = s.pending() > kMaxPending ? s.write_wait() : nullptr;
          if (wait == nullptr) return asio::post(s.get_executor(), std::move(self));
          auto& entry = wait->entries.emplace_back(s.appended_total());
          return entry.handler.emplace(std::move(self));
        }
        if (!error) error = stream.write_error();
        self.complete(error, error ? 0 : n);
      },
      token, get_executor());
}

template <class Token>
auto BufferedStream::async_wait_input(Token&& token) {
  return asio::async_compose<Token, void()>(
      [stream = *this, waited = false](auto& self, error_code = {}) mutable {
        if (std::exchange(waited, true)) return self.complete();
        auto s = stream;
        s.start_fill().handler.emplace(std::move(self));
      },
      token, get_executor());
}

template <class Token>
auto BufferedStream::async_flush(Token&& token) {
  return asio::async_compose<Token, void(error_code)>(
      [stream = *this, waited = false](auto& self, error_code error = {}) mutable {
        if (!waited && !error) {
          waited = true;
          auto s = stream;
          s.start_flush();
          auto* wait = s.write_wait();
          if (wait == nullptr) return asio::post(s.get_executor(), std::move(self));
          auto& entry = wait->entries.emplace_back(s.appended_total());
          return entry.handler.emplace(std::move(self));
        }
        self.complete(error ? error : stream.write_error());
      },
      token, get_executor());
}

/// Aborts `stream` at the deadline, unless the guard goes before. Coroutines call this rather
/// than write the lambda themselves: g++ 12 destroys a lambda's captures twice there.
Watchdog abort_at(Deadline deadline, const BufferedStream& stream);

/// Beast's customisation points for the layer under a websocket: the close handshake is done.
inline void teardown(boost::beast::role_type, BufferedStream& stream, error_code& error) {
  stream.finish();
  error = {};
}

/// Does not wait for the peer to take what is left: whoever closes does that, with a deadline.
template <class Handler>
void async_teardown(boost::beast::role_type, BufferedStream& stream, Handler&& handler) {
  stream.finish();
  asio::post(stream.get_executor(),
             boost::beast::bind_front_handler(std::forward<Handler>(handler), error_code()));
}

inline void beast_close_socket(BufferedStream& stream) {
  stream.abort();
}

}  // namespace passport::net
