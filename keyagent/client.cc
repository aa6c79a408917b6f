#include "keyagent/client.h"

#include <cerrno>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <sys/socket.h>

#include "net/watchdog.h"

namespace passport::keyagent {
namespace {

namespace asio = net::asio;
using asio::posix::stream_descriptor;

constexpr std::size_t kLengthSize = 4;
constexpr std::size_t kReadSize = 4096;
constexpr unsigned kMessagesInARow = 16;  ///< then the others have their turn
constexpr std::uint8_t kSignResponse = 14;

class Client {
 public:
  Client(const asio::any_io_executor& executor, int socket) : socket_(executor, socket) {}

  /// False at the end.
  net::Task<bool> read_message() {
    for (;;) {
      const auto size = message_size();
      if (size > AgentSession::kMaxMessage) co_return false;
      if (have_ >= kLengthSize && have_ >= kLengthSize + size) co_return true;
      if (buffer_.size() < have_ + kReadSize) buffer_.resize(have_ + kReadSize);
      const auto n = ::recv(socket_.native_handle(), buffer_.data() + have_,
                            buffer_.size() - have_, MSG_DONTWAIT);
      if (n > 0) {
        have_ += static_cast<std::size_t>(n);
        continue;
      }
      if (n == 0 || (errno != EAGAIN && errno != EINTR)) co_return false;
      // Nobody has to say anything, but what was begun must be ended.
      const auto patience =
          have_ == 0 ? net::Deadline::max() : net::deadline_in(kClientPatience);
      const bool came = co_await wait(stream_descriptor::wait_read, patience);
      if (!came) co_return false;
    }
  }

  ByteView message() const { return ByteView(buffer_).subspan(kLengthSize, message_size()); }
  void consume() {
    const auto used = kLengthSize + message_size();
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(used));
    have_ -= used;
    if (have_ == 0) buffer_.shrink_to_fit();
  }

  net::Task<bool> write_answer(const Bytes& answer) {
    Bytes out;
    append_u32(out, static_cast<std::uint32_t>(answer.size()));
    append(out, answer);
    for (ByteView rest = out; !rest.empty();) {
      const auto n = ::send(socket_.native_handle(), rest.data(), rest.size(),
                            MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n > 0) {
        rest = rest.subspan(static_cast<std::size_t>(n));
        continue;
      }
      if (errno != EAGAIN && errno != EINTR) co_return false;
      const bool went =
          co_await wait(stream_descriptor::wait_write, net::deadline_in(kClientPatience));
      if (!went) co_return false;
    }
    co_return true;
  }

 private:
  /// 0 until it is known.
  std::size_t message_size() const {
    ByteReader in(ByteView(buffer_).first(std::min(have_, kLengthSize)));
    return have_ < kLengthSize ? 0 : in.u32();
  }

  net::Task<bool> wait(stream_descriptor::wait_type way, net::Deadline deadline) {
    boost::system::error_code error;
    if (deadline == net::Deadline::max()) {
      co_await socket_.async_wait(way, asio::redirect_error(asio::use_awaitable, error));
      co_return !error;
    }
    const auto watchdog = net::cancel_at(deadline, socket_);
    co_await socket_.async_wait(way, asio::redirect_error(asio::use_awaitable, error));
    co_return !error && !watchdog.expired();
  }

  stream_descriptor socket_;
  Bytes buffer_;
  std::size_t have_ = 0;  ///< bytes of it that were received
};

struct Counted {
  explicit Counted(std::shared_ptr<ClientCounters> counters) : counters_(std::move(counters)) {
    ++counters_->connected;
  }
  ~Counted() { --counters_->connected; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  std::shared_ptr<ClientCounters> counters_;
};

}  // namespace

net::Task<void> serve_client(int socket, Keyring& keyring, RandomSource random,
                             std::shared_ptr<ClientCounters> counters) {
  const auto executor = co_await asio::this_coro::executor;
  const Counted counted(counters);
  Client client(executor, socket);
  AgentSession session(keyring, std::move(random));
  for (unsigned in_a_row = 1;; ++in_a_row) {
    const bool came = co_await client.read_message();
    if (!came) co_return;
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto answer = session.answer(client.message(), now);
    client.consume();
    if (answer[0] == kSignResponse) ++counters->signatures;
    const bool went = co_await client.write_answer(answer);
    if (!went) co_return;
    if (in_a_row % kMessagesInARow == 0) co_await asio::post(executor, asio::use_awaitable);
  }
}

}  // namespace passport::keyagent
