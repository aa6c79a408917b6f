#include "lab/shell_plugin.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "lab/instance_session.h"

namespace passport::lab {
namespace asio = net::asio;
namespace {

using asio::posix::stream_descriptor;

constexpr std::size_t kReadSize = 4096;  // bytes a read(2) of a terminal
constexpr std::chrono::seconds kIdleTick{30};
/// From the end of the output to that of the process.
constexpr std::chrono::seconds kExitDeadline{5};
constexpr std::uint8_t kControlC = 3;
constexpr std::uint8_t kControlBackslash = 0x1c;

wire::ssm::Time now() {
  return std::chrono::steady_clock::now();
}

class ShellPlugin : public InstancePlugin {
 public:
  ShellPlugin(InstanceSession& session, ShellDialer dial, ShellSession shell)
      : session_(session),
        channel_(session.channel()),
        dial_(std::move(dial)),
        wanted_(std::move(shell)),
        terminal_(wanted_.type != wire::ssm::kNonInteractiveCommands),
        writable_(session.executor()) {}

  void connect() override { session_.spawn(run()); }
  void take_bytes() override;
  void give_bytes() override {
    for (auto& source : sources_) {
      if (source) source->room.notify();
    }
  }
  void stop() override;

 private:
  /// The terminal or standard output, and standard error.
  struct Source {
    Source(const asio::any_io_executor& executor, Fd fd, bool is_errors)
        : descriptor(executor, fd.release()), room(executor), errors(is_errors) {}
    stream_descriptor descriptor;
    net::Event room;  ///< the channel may take bytes
    bool errors;
  };

  net::Task<void> run();
  net::Task<void> read(std::shared_ptr<Source> source);
  net::Task<void> wait_writable();
  net::Task<void> conclude();
  void resize();
  void pass_signals(ByteView bytes);

  InstanceSession& session_;
  wire::ssm::AgentChannel& channel_;
  ShellDialer dial_;
  ShellSession wanted_;
  bool terminal_;
  std::shared_ptr<ShellProcess> shell_;
  std::array<std::shared_ptr<Source>, 2> sources_;
  int reading_ = 0;      ///< sources that have not ended
  net::Event writable_;  ///< there is something that could not be written at once
};

net::Task<void> ShellPlugin::run() {
  const auto flags =
      (terminal_ ? kShellTerminal : 0) | (wanted_.separate_errors ? kShellSeparateErrors : 0);
  auto shell = co_await dial_(flags, wanted_.command);
  if (session_.ended()) co_return;
  if (!shell) {
    log(LogLevel::kInfo, "no shell: session={} {}", session_.id(), shell.error().detail);
    session_.fail_after({}, "Unable to start command: " + shell.error().detail);
    co_return;
  }
  shell_ = std::move(*shell);
  sources_[0] = std::make_shared<Source>(session_.executor(), std::move(shell_->output), false);
  if (shell_->errors)
    sources_[1] =
        std::make_shared<Source>(session_.executor(), std::move(shell_->errors), true);
  channel_.port_connected(now());
  session_.changed();
  for (const auto& source : sources_) {
    if (!source) continue;
    ++reading_;
    session_.spawn(read(source));
  }
  if (terminal_) session_.spawn(wait_writable());
}

net::Task<void> ShellPlugin::read(std::shared_ptr<Source> source) {
  Bytes buffer(kReadSize);
  boost::system::error_code error;
  while (!session_.ended()) {
    const auto room = std::min(channel_.room(), buffer.size());
    if (room == 0) {
      co_await source->room.wait(net::deadline_in(kIdleTick));
      continue;
    }
    const auto n = ::read(source->descriptor.native_handle(), buffer.data(), room);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      co_await source->descriptor.async_wait(stream_descriptor::wait_read,
                                             asio::redirect_error(asio::use_awaitable, error));
      if (error) break;
      continue;
    }
    if (n <= 0) break;  // a terminal whose last user is gone says EIO
    auto rest = ByteView(buffer).first(static_cast<std::size_t>(n));
    while (!rest.empty()) {
      const auto taken =
          source->errors ? channel_.send_errors(rest) : channel_.send(rest, now());
      rest = rest.subspan(taken);
      if (session_.ended()) break;
      if (taken == 0) co_await source->room.wait(net::deadline_in(kIdleTick));
    }
    session_.sent();
  }
  if (--reading_ == 0 && !session_.ended()) co_await conclude();
}

net::Task<void> ShellPlugin::conclude() {
  const auto shell = shell_;
  const auto status = co_await shell->wait(net::deadline_in(kExitDeadline));
  if (session_.ended()) co_return;
  if (wanted_.separate_errors && status) channel_.send_exit_code(*status);
  channel_.consume(channel_.readable().size());  // nobody is left to read it
  channel_.port_closed(now());
  session_.sent();
  session_.taken();
  session_.changed();
}

void ShellPlugin::resize() {
  const auto size = channel_.take_size();
  if (!size || !terminal_) return;
  winsize window{};
  window.ws_col = static_cast<unsigned short>(std::min<std::uint32_t>(size->cols, 65535));
  window.ws_row = static_cast<unsigned short>(std::min<std::uint32_t>(size->rows, 65535));
  ::ioctl(sources_[0]->descriptor.native_handle(), TIOCSWINSZ, &window);
}

void ShellPlugin::pass_signals(ByteView bytes) {
  for (const auto byte : bytes) {
    if (byte == kControlC) return shell_->signal(SIGINT);
    if (byte == kControlBackslash) return shell_->signal(SIGQUIT);
  }
}

/// Writes what the terminal takes now; the rest is left to wait_writable().
void ShellPlugin::take_bytes() {
  if (!shell_ || session_.ended()) return;
  resize();
  if (!terminal_) {
    pass_signals(channel_.readable());
    channel_.consume(channel_.readable().size());
    return;
  }
  while (!channel_.readable().empty()) {
    const auto bytes = channel_.readable();
    const auto n = ::write(sources_[0]->descriptor.native_handle(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return writable_.notify();
    if (n < 0) return channel_.consume(bytes.size());  // read() sees the end too
    channel_.consume(static_cast<std::size_t>(n));
  }
}

net::Task<void> ShellPlugin::wait_writable() {
  const auto source = sources_[0];
  boost::system::error_code error;
  while (!session_.ended()) {
    co_await writable_.wait(net::deadline_in(kIdleTick));
    if (session_.ended() || channel_.readable().empty()) continue;
    co_await source->descriptor.async_wait(stream_descriptor::wait_write,
                                           asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    take_bytes();
    session_.taken();
  }
}

void ShellPlugin::stop() {
  for (const auto& source : sources_) {
    if (!source) continue;
    boost::system::error_code ignored;
    source->descriptor.close(ignored);
    source->room.notify();
  }
  writable_.notify();
  shell_.reset();
}

}  // namespace

std::unique_ptr<InstancePlugin> make_shell_plugin(InstanceSession& session, ShellDialer dial,
                                                  ShellSession shell) {
  return std::make_unique<ShellPlugin>(session, std::move(dial), std::move(shell));
}

}  // namespace passport::lab
