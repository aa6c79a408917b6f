#include "net/buffered_stream.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <sys/socket.h>

#include "net/error_text.h"

namespace passport::net {
namespace {

/// Room for what one read brings (64 KiB of ciphertext) behind a rest of the last one.
constexpr std::size_t kInputSize = 96 << 10;
/// A buffer that one large message has made larger than this is given back.
constexpr std::size_t kKeepCapacity = 384 << 10;

}  // namespace

struct BufferedStream::Core : std::enable_shared_from_this<Core> {
  Core(tcp::socket s, std::unique_ptr<TlsEngine> engine)
      : executor(s.get_executor()), socket(std::move(s)), tls(std::move(engine)) {}

  asio::any_io_executor executor;
  tcp::socket socket;
  std::unique_ptr<TlsEngine> tls;
  Deadline heard = std::chrono::steady_clock::now();

  Bytes input;
  std::size_t input_begin = 0;
  std::size_t input_end = 0;
  error_code input_error;
  std::weak_ptr<ReadWait> reading;
  std::optional<FrameScanner> frames;
  bool by_line = false;

  Bytes waiting;  ///< appended, not yet encrypted
  Bytes flying;   ///< what the kernel is being given
  bool in_flight = false;
  bool finishing = false;
  bool finished = false;
  std::uint64_t appended = 0;
  std::uint64_t sent = 0;        ///< of `appended`
  std::uint64_t sent_after = 0;  ///< `sent` once `flying` has gone
  error_code output_error;
  std::weak_ptr<WriteWait> writing;

  bool held = false;
  /// What goes on when held ends; they hold Core, until then or until abort().
  std::shared_ptr<ReadWait> held_read;
  std::shared_ptr<WriteWait> held_write;

  std::size_t input_size() const { return input_end - input_begin; }
  std::span<std::uint8_t> input_space();
  void committed(std::size_t n);
  void decrypt();
  void received(const error_code& error, std::size_t n);
  void read_on(std::shared_ptr<ReadWait> wait);

  bool load_flight();
  std::size_t send_now();
  void send_on(std::shared_ptr<WriteWait> wait);
  void landed(const error_code& error, const std::shared_ptr<WriteWait>& wait);
  void read_done(const std::shared_ptr<ReadWait>& wait);
  void release();
};

std::span<std::uint8_t> BufferedStream::Core::input_space() {
  if (input.empty()) input.resize(kInputSize);
  if (input_begin == input_end) {
    input_begin = input_end = 0;
  } else if (input_begin > 0 && input_end > kInputSize / 2) {
    std::memmove(input.data(), input.data() + input_begin, input_size());
    input_end -= input_begin;
    input_begin = 0;
  }
  return std::span(input).subspan(input_end);
}

void BufferedStream::Core::committed(std::size_t n) {
  if (frames) frames->feed(ByteView(input).subspan(input_end, n));
  input_end += n;
}

/// Turns what ciphertext there is into input, as far as there is room.
void BufferedStream::Core::decrypt() {
  for (auto space = input_space(); !space.empty(); space = input_space()) {
    std::size_t n = 0;
    const auto status = tls->read(space, n);
    if (status == TlsEngine::Status::kDone) {
      committed(n);
      continue;
    }
    if (status == TlsEngine::Status::kClosed) input_error = asio::error::eof;
    if (status == TlsEngine::Status::kFailed) input_error = asio::error::connection_aborted;
    return;
  }
}

void BufferedStream::Core::received(const error_code& error, std::size_t n) {
  if (n > 0) heard = std::chrono::steady_clock::now();
  if (tls) {
    tls->commit(n);
    decrypt();
  } else {
    committed(n);
  }
  if (!error || input_error) return;
  // Without TLS's own end the connection was cut, by whomever.
  const bool cut = tls && error == asio::error::eof;
  input_error = cut ? error_code(asio::error::connection_reset) : error;
}

void BufferedStream::Core::read_on(std::shared_ptr<ReadWait> wait) {
  const auto space = tls ? tls->receive_space() : input_space();
  socket.async_read_some(asio::buffer(space.data(), space.size()),
                         [self = shared_from_this(), wait = std::move(wait)](
                             const error_code& error, std::size_t n) mutable {
                           const auto had = self->input_size();
                           self->received(error, n);
                           if (self->tls && !self->tls->outgoing().empty())
                             self->send_on(nullptr);
                           if (self->input_size() == had && !self->input_error) {
                             return self->read_on(std::move(wait));  // a part of a TLS record
                           }
                           self->read_done(wait);
                         });
}

void BufferedStream::Core::read_done(const std::shared_ptr<ReadWait>& wait) {
  if (held) {
    held_read = wait;
    return;
  }
  reading.reset();
  wait->handler.maybe_invoke();
}

/// Encrypts what waits into `flying`; false when there is nothing to send.
bool BufferedStream::Core::load_flight() {
  if (flying.capacity() > kKeepCapacity) Bytes().swap(flying);
  flying.clear();
  if (tls) {
    if (!tls->write(waiting)) output_error = asio::error::connection_aborted;
    if (finishing && !finished) tls->shutdown();
    std::swap(flying, tls->outgoing());
    if (waiting.capacity() > kKeepCapacity) Bytes().swap(waiting);
    waiting.clear();
  } else {
    std::swap(flying, waiting);
  }
  sent_after = appended;
  return !flying.empty();
}

/// Gives the kernel what it takes of `flying` without waiting.
std::size_t BufferedStream::Core::send_now() {
  const auto n =
      ::send(socket.native_handle(), flying.data(), flying.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n >= 0) return static_cast<std::size_t>(n);
  if (errno != EAGAIN && errno != EINTR) {
    output_error = error_code(errno, boost::system::system_category());
  }
  return 0;
}

/// Sends until nothing waits, the kernel takes no more or it fails. `wait` holds those who
/// wait for it, when there are some already.
void BufferedStream::Core::send_on(std::shared_ptr<WriteWait> wait) {
  if (in_flight) return;
  if (held && !output_error) {
    in_flight = true;
    sent_after = sent;
    held_write = wait ? std::move(wait) : std::make_shared<WriteWait>();
    writing = held_write;
    return;
  }
  while (!output_error && load_flight()) {
    const auto n = send_now();
    if (n == flying.size()) {
      sent = sent_after;
      continue;
    }
    if (output_error) break;
    in_flight = true;
    if (!wait) wait = std::make_shared<WriteWait>();
    writing = wait;
    asio::async_write(socket, asio::buffer(flying) + n,
                      [self = shared_from_this(), wait](const error_code& error, std::size_t) {
                        self->landed(error, wait);
                      });
    return;
  }
  if (finishing && !finished) {
    finished = true;
    error_code ignored;
    socket.shutdown(tcp::socket::shutdown_send, ignored);
  }
}

void BufferedStream::Core::landed(const error_code& error,
                                  const std::shared_ptr<WriteWait>& wait) {
  in_flight = false;
  if (error && !output_error) output_error = error;
  if (!error) sent = sent_after;
  send_on(wait);
  std::list<WriteWait::Entry> done;
  for (auto it = wait->entries.begin(); it != wait->entries.end();) {
    const auto entry = it++;
    if (entry->until <= sent || output_error) done.splice(done.end(), wait->entries, entry);
  }
  for (auto& entry : done) entry.handler.maybe_invoke();
}

/// Lets go on what waited because of hold().
void BufferedStream::Core::release() {
  held = false;
  if (auto wait = std::exchange(held_read, nullptr)) {
    asio::post(executor, [self = shared_from_this(), wait] { self->read_done(wait); });
  }
  if (auto wait = std::exchange(held_write, nullptr)) {
    asio::post(executor, [self = shared_from_this(), wait] { self->landed({}, wait); });
  }
}

BufferedStream::BufferedStream(tcp::socket socket, std::unique_ptr<TlsEngine> tls)
    : core_(std::make_shared<Core>(std::move(socket), std::move(tls))) {
  error_code ignored;
  core_->socket.set_option(tcp::no_delay(true), ignored);
}

const asio::any_io_executor& BufferedStream::get_executor() const {
  return core_->executor;
}

void BufferedStream::start_tls(std::unique_ptr<TlsEngine> tls) {
  if (core_->tls) tls->set_carrier(std::move(core_->tls));
  core_->tls = std::move(tls);
}

Task<Result<void>> BufferedStream::handshake() {
  const auto core = core_;
  if (!core->tls) co_return Result<void>();
  for (;;) {
    const auto status = core->tls->handshake();
    core->send_on(nullptr);
    if (status == TlsEngine::Status::kDone) co_return Result<void>();
    if (status != TlsEngine::Status::kWantInput) {
      co_return Error{Errc::kUnavailable, core->tls->error()};
    }
    const auto space = core->tls->receive_space();
    error_code error;
    const auto n =
        co_await core->socket.async_read_some(asio::buffer(space.data(), space.size()),
                                              asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return Error{Errc::kUnavailable, describe(error)};
    core->tls->commit(n);
  }
}

ByteView BufferedStream::buffered() const {
  return ByteView(core_->input).subspan(core_->input_begin, core_->input_size());
}

void BufferedStream::consume(std::size_t n) {
  core_->input_begin += n;
}

Task<error_code> BufferedStream::fill() {
  auto stream = *this;
  auto& core = *stream.core_;
  const auto had = core.input_size();
  if (core.tls && core.tls->has_received()) core.decrypt();
  if (core.input_size() == had && !core.input_error) {
    if (core.input_space().empty()) co_return asio::error::no_buffer_space;
    co_await stream.async_wait_input(asio::use_awaitable);
  }
  co_return core.input_size() > had ? error_code() : core.input_error;
}

Watchdog abort_at(Deadline deadline, const BufferedStream& stream) {
  return Watchdog(stream.get_executor(), deadline,
                  [stream = BufferedStream(stream)]() mutable { stream.abort(); });
}

void BufferedStream::append(ByteView bytes) {
  passport::append(core_->waiting, bytes);
  core_->appended += bytes.size();
}

std::size_t BufferedStream::pending() const {
  return static_cast<std::size_t>(core_->appended - core_->sent);
}

void BufferedStream::start_flush() {
  core_->send_on(nullptr);
}

Task<error_code> BufferedStream::flush() {
  auto stream = *this;
  stream.start_flush();
  if (!stream.core_->in_flight) co_return stream.core_->output_error;
  error_code error;
  co_await stream.async_flush(asio::redirect_error(asio::use_awaitable, error));
  co_return error;
}

void BufferedStream::finish() {
  core_->finishing = true;
  core_->send_on(nullptr);
}

void BufferedStream::abort() {
  if (!core_->input_error) core_->input_error = asio::error::operation_aborted;
  if (!core_->output_error) core_->output_error = asio::error::operation_aborted;
  error_code ignored;
  core_->socket.close(ignored);
  core_->release();
}

void BufferedStream::truncate(std::size_t keep) {
  if (core_->waiting.size() <= keep) return;
  core_->appended -= core_->waiting.size() - keep;
  core_->waiting.resize(keep);
}

void BufferedStream::break_off(bool reset) {
  error_code ignored;
  if (reset) {
    core_->socket.set_option(asio::socket_base::linger(true, 0), ignored);
  } else {
    core_->socket.shutdown(tcp::socket::shutdown_send, ignored);
  }
  abort();
}

void BufferedStream::hold(bool on) {
  if (on) {
    core_->held = true;
  } else {
    core_->release();
  }
}

Deadline BufferedStream::last_heard() const {
  return core_->heard;
}

bool BufferedStream::resumed() const {
  return core_->tls && core_->tls->resumed();
}

void BufferedStream::expect_frames() {
  core_->by_line = false;
  core_->frames.emplace();
  core_->frames->feed(buffered());
}

std::size_t BufferedStream::whole_messages() const {
  return core_->frames ? core_->frames->messages() : 0;
}

void BufferedStream::take_message() {
  if (core_->frames) core_->frames->take();
}

void BufferedStream::read_by_line() {
  core_->by_line = true;
}

bool BufferedStream::readable() {
  if (core_->input_size() == 0 && core_->tls && core_->tls->has_received()) core_->decrypt();
  return core_->input_size() > 0 || core_->input_error;
}

BufferedStream::ReadWait& BufferedStream::start_fill() {
  auto wait = core_->reading.lock();
  if (!wait) {
    wait = std::make_shared<ReadWait>();
    core_->reading = wait;
    core_->read_on(wait);
  }
  return *wait;
}

BufferedStream::WriteWait* BufferedStream::write_wait() {
  return core_->in_flight ? core_->writing.lock().get() : nullptr;
}

std::uint64_t BufferedStream::appended_total() const {
  return core_->appended;
}

ByteView BufferedStream::next_piece() const {
  const auto all = buffered();
  if (!core_->by_line) return all;
  const auto newline = std::find(all.begin(), all.end(), '\n');
  return newline == all.end() ? all
                              : all.first(static_cast<std::size_t>(newline - all.begin()) + 1);
}

error_code BufferedStream::read_error() const {
  return core_->input_error ? core_->input_error : asio::error::would_block;
}

error_code BufferedStream::write_error() const {
  return core_->output_error;
}

}  // namespace passport::net
