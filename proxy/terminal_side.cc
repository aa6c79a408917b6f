#include "proxy/terminal_side.h"

#include <algorithm>
#include <csignal>

#include <unistd.h>

#include "net/process.h"

namespace passport::proxy {
namespace {

using Clock = std::chrono::steady_clock;
using State = wire::ssm::ClientChannel::State;

constexpr std::uint8_t kControlC = 3;
constexpr std::uint8_t kControlD = 4;
constexpr std::uint8_t kControlZ = 0x1a;
constexpr std::uint8_t kControlBackslash = 0x1c;

}  // namespace

TerminalSide::TerminalSide(const net::asio::any_io_executor& executor, std::string greeting)
    : greeting_(std::move(greeting)),
      input_(executor),
      output_(executor),
      errors_(executor, STDERR_FILENO),
      signals_(executor, {SIGWINCH, SIGCONT, SIGQUIT, SIGTSTP}),
      raw_(STDIN_FILENO) {}

void TerminalSide::start(Link& link) {
  link_ = &link;
  link.spawn(read_input());
  link.spawn(write_output());
  link.spawn(watch_signals());
}

void TerminalSide::stop() {
  raw_.leave();
  input_.cancel();
  output_.cancel();
  errors_.cancel();
  signals_.cancel();
}

bool TerminalSide::has_output() const {
  return !output_lost_ && (writing_ || link_->channel().waiting() > 0);
}

bool TerminalSide::is_open() const {
  return link_ != nullptr && link_->channel().state() == State::kOpen;
}

/// A command without a terminal takes none, and what is typed meanwhile is not for it.
bool TerminalSide::has_input() const {
  return link_->channel().session_type() != wire::ssm::kNonInteractiveCommands;
}

net::Task<void> TerminalSide::read_input() {
  while (!link_->stopped() && !is_open()) co_await link_->room().wait();
  if (link_->stopped() || !has_input()) co_return;
  if (net::is_terminal(STDIN_FILENO)) {
    net::end_with_parent(SIGHUP);  // who would give the terminal back?
    raw_.enter();
  }
  send_size();
  Bytes buffer(kReadSize);
  bool in_line = false;
  while (!link_->stopped()) {
    const auto n = co_await input_.read(buffer);
    if (link_->stopped()) break;
    if (!n) {
      link_->end(LinkEnd::Cause::kFailed, n.error());
      break;
    }
    if (*n == 0) {
      co_await end_input(in_line);
      break;
    }
    in_line = buffer[*n - 1] != '\n';
    co_await send(ByteView(buffer).first(*n));
  }
}

net::Task<void> TerminalSide::send(ByteView bytes) {
  while (!bytes.empty() && !link_->stopped()) {
    const auto sent = link_->channel().send(bytes, Clock::now());
    bytes = bytes.subspan(sent);
    link_->sent();
    if (sent == 0) co_await link_->room().wait();
  }
}

/// ctrl-D ends the input of what reads lines from a terminal, but within a line it only passes
/// on what there is of it.
net::Task<void> TerminalSide::end_input(bool in_line) {
  Bytes keys;
  if (in_line) keys.push_back('\n');
  keys.push_back(kControlD);
  co_await send(keys);
}

net::Task<void> TerminalSide::write_output() {
  auto& channel = link_->channel();
  Bytes out(greeting_.begin(), greeting_.end());
  Bytes errors;
  while (!link_->stopped()) {
    if (out.empty() && errors.empty()) {
      if (channel.state() == State::kClosed) {
        link_->end(LinkEnd::Cause::kPeer);
        break;
      }
      co_await link_->incoming().wait();
    }
    writing_ = true;
    bool delivered = co_await deliver(output_, out);
    if (delivered) delivered = co_await deliver(errors_, errors);
    writing_ = false;
    link_->delivered();
    if (!delivered) {
      output_lost_ = true;
      link_->end(LinkEnd::Cause::kLocal);
      break;
    }
    channel.take_readable(out);
    channel.take_readable_errors(errors);
    link_->taken();
  }
}

/// False when nobody takes them; then the session has no more use.
net::Task<bool> TerminalSide::deliver(net::StdoutWriter& to, ByteView bytes) {
  if (bytes.empty()) co_return true;
  const auto written = co_await to.write(bytes);
  if (!written) link_->end(LinkEnd::Cause::kFailed, written.error());
  co_return written&&* written;
}

net::Task<void> TerminalSide::watch_signals() {
  while (!link_->stopped()) {
    const int signal = co_await signals_.next();
    if (link_->stopped()) break;
    if (signal == SIGTSTP && raw_.entered()) {
      suspend();
    } else if (signal == SIGTSTP) {
      (void)send_key(kControlZ);
    } else if (signal == SIGQUIT) {
      (void)send_key(kControlBackslash);
    } else if (signal == SIGCONT && is_open() && has_input()) {
      raw_.enter();  // the shell that stopped us has set its own
    }
    send_size();
  }
}

/// Sent by hand: the key itself goes to the shell there.
void TerminalSide::suspend() {
  raw_.leave();
  std::raise(SIGSTOP);
  raw_.enter();
}

void TerminalSide::send_size() {
  auto size = net::find_terminal_size(STDOUT_FILENO);
  if (!size) size = net::find_terminal_size(STDIN_FILENO);
  if (size) link_->channel().set_size(*size);
  link_->sent();
}

bool TerminalSide::send_key(std::uint8_t key) {
  if (!is_open() || link_->channel().send({&key, 1}, Clock::now()) == 0) return false;
  link_->sent();
  return true;
}

/// One that cannot be passed on ends the session.
bool TerminalSide::take_signal(int signal) {
  return signal == SIGINT && send_key(kControlC);
}

}  // namespace passport::proxy
