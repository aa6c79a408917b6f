#include "net/stdio.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <iostream>
#include <optional>
#include <string>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/error_text.h"

namespace passport::net {
namespace {

using boost::system::error_code;

/// One direction of a descriptor that other processes may share.
///
/// A pipe or terminal is opened anew through /proc, which gives an open file description of our
/// own, and only that becomes non-blocking. A socket cannot be opened anew, but each call on it
/// can be told not to wait. Readiness comes from an epoll instance of our own, because Asio
/// would set O_NONBLOCK on whatever it is given.
class SharedDescriptor {
 public:
  SharedDescriptor(const asio::any_io_executor& executor, int descriptor, bool writes)
      : executor_(executor), descriptor_(descriptor), writes_(writes) {
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) return;
    socket_ = S_ISSOCK(status.st_mode);
    if (S_ISFIFO(status.st_mode) || ::isatty(descriptor) == 1) {
      const auto path = fmt::format("/proc/self/fd/{}", descriptor);
      const int mode = writes ? O_WRONLY : O_RDONLY;
      own_ = ::open(path.c_str(), mode | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
      if (own_ >= 0) descriptor_ = own_;
    }
    watch();
  }
  ~SharedDescriptor() {
    if (own_ >= 0) ::close(own_);
  }
  SharedDescriptor(const SharedDescriptor&) = delete;
  SharedDescriptor& operator=(const SharedDescriptor&) = delete;

  /// False for regular files and the like: they are always ready.
  bool can_wait() const { return ready_.has_value(); }
  /// True when a call that finds nothing ready says so instead of waiting.
  bool never_blocks() const { return socket_ || own_ >= 0; }
  bool cancelled() const { return cancelled_; }
  int descriptor() const { return descriptor_; }

  Task<void> wait() {
    error_code ignored;  // cancelled: the caller asks
    co_await ready_->async_wait(asio::posix::stream_descriptor::wait_read,
                                asio::redirect_error(asio::use_awaitable, ignored));
  }

  Task<void> yield() { co_await asio::post(executor_, asio::use_awaitable); }

  ssize_t read(std::span<std::uint8_t> into) const {
    return socket_ ? ::recv(descriptor_, into.data(), into.size(), MSG_DONTWAIT)
                   : ::read(descriptor_, into.data(), into.size());
  }

  ssize_t write(ByteView bytes) const {
    if (socket_) {
      return ::send(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    // A ready pipe takes PIPE_BUF bytes at least; of more it would wait for the reader.
    const auto most = can_wait() && own_ < 0 ? std::size_t{PIPE_BUF} : bytes.size();
    return ::write(descriptor_, bytes.data(), std::min(bytes.size(), most));
  }

  void cancel() {
    cancelled_ = true;
    error_code ignored;
    if (ready_) ready_->cancel(ignored);
  }

 private:
  void watch() {
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) return;
    epoll_event event{};
    event.events = writes_ ? EPOLLOUT : EPOLLIN;
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor_, &event) == 0) {
      ready_.emplace(executor_, epoll);
    } else {
      ::close(epoll);
    }
  }

  asio::any_io_executor executor_;
  int descriptor_;
  int own_ = -1;
  bool writes_;
  bool socket_ = false;
  bool cancelled_ = false;
  std::optional<asio::posix::stream_descriptor> ready_;
};

bool is_transient(int error) {
  return error == EAGAIN || error == EINTR;
}

}  // namespace

Result<void> flush_output() {
  if (std::cout.flush()) return {};
  return Error{Errc::kUnavailable, "standard output cannot be written"};
}

void reserve_standard_descriptors() {
  int descriptor = 0;
  do {
    descriptor = ::open("/dev/null", O_RDWR);
  } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  if (descriptor > STDERR_FILENO) ::close(descriptor);
}

class StdinReader::Impl : public SharedDescriptor {
  using SharedDescriptor::SharedDescriptor;
};

class StdoutWriter::Impl : public SharedDescriptor {
  using SharedDescriptor::SharedDescriptor;
};

StdinReader::StdinReader(asio::any_io_executor executor, int descriptor)
    : impl_(std::make_shared<Impl>(executor, descriptor, false)) {}

StdinReader::~StdinReader() {
  cancel();
}

void StdinReader::cancel() {
  impl_->cancel();
}

Task<Result<std::size_t>> StdinReader::read(std::span<std::uint8_t> into) {
  const auto impl = impl_;
  co_await impl->yield();
  bool ready = impl->never_blocks() || !impl->can_wait();
  while (!impl->cancelled()) {
    if (!std::exchange(ready, true)) co_await impl->wait();
    if (impl->cancelled()) break;
    const auto n = impl->read(into);
    if (n >= 0) co_return static_cast<std::size_t>(n);
    if (!is_transient(errno)) {
      const error_code error(errno, boost::system::system_category());
      co_return Error{Errc::kUnavailable, "cannot read standard input: " + describe(error)};
    }
    ready = !impl->can_wait();
  }
  co_return std::size_t{0};
}

StdoutWriter::StdoutWriter(asio::any_io_executor executor, int descriptor)
    : impl_(std::make_shared<Impl>(executor, descriptor, true)) {}

StdoutWriter::~StdoutWriter() {
  cancel();
}

void StdoutWriter::cancel() {
  impl_->cancel();
}

Task<Result<bool>> StdoutWriter::write(ByteView bytes) {
  const auto impl = impl_;
  bool ready = impl->never_blocks() || !impl->can_wait();
  while (!bytes.empty()) {
    if (impl->cancelled()) co_return false;
    if (!ready) co_await impl->wait();
    if (impl->cancelled()) co_return false;
    const auto n = impl->write(bytes);
    if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) co_return false;
    if (n < 0 && !is_transient(errno)) {
      const error_code error(errno, boost::system::system_category());
      co_return Error{Errc::kUnavailable, "cannot write standard output: " + describe(error)};
    }
    if (n > 0) bytes = bytes.subspan(static_cast<std::size_t>(n));
    // Having taken a part, a pipe is full: ask again only when there is room.
    ready = !impl->can_wait();
  }
  co_return true;
}

bool StdoutWriter::reader_gone() const {
  if (!impl_->can_wait()) return false;
  pollfd state{.fd = impl_->descriptor(), .events = POLLOUT, .revents = 0};
  return ::poll(&state, 1, 0) == 1 && (state.revents & (POLLERR | POLLHUP)) != 0;
}

}  // namespace passport::net
