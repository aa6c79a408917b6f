#include "proxy/stdio_side.h"

#include <algorithm>

namespace passport::proxy {
namespace {

using Clock = std::chrono::steady_clock;
using State = wire::ssm::ClientChannel::State;

constexpr std::chrono::seconds kReaderCheckEvery{1};

}  // namespace

StdioSide::StdioSide(const net::asio::any_io_executor& executor, int input, int output,
                     std::chrono::milliseconds quiet_after_input)
    : input_(executor, input),
      output_(executor, output),
      quiet_after_input_(quiet_after_input),
      last_data_(Clock::now()) {}

void StdioSide::start(Link& link) {
  link_ = &link;
  link.spawn(read_input());
  link.spawn(write_output());
}

void StdioSide::stop() {
  input_.cancel();
  output_.cancel();
}

bool StdioSide::has_output() const {
  return !output_lost_ && (writing_ || !link_->channel().readable().empty());
}

net::Task<void> StdioSide::read_input() {
  auto& channel = link_->channel();
  Bytes buffer(kReadSize);
  while (!link_->stopped()) {
    const auto room = std::min(channel.room(), buffer.size());
    if (room == 0) {
      co_await link_->room().wait();
      continue;
    }
    const auto n = co_await input_.read(std::span(buffer).first(room));
    if (link_->stopped()) break;
    if (!n) {
      link_->end(LinkEnd::Cause::kFailed, n.error());
      break;
    }
    if (*n == 0) {
      channel.finish(Clock::now());
      last_data_ = Clock::now();
      link_->check_soon();
      break;
    }
    co_await send(ByteView(buffer).first(*n));
  }
}

net::Task<void> StdioSide::send(ByteView bytes) {
  while (!bytes.empty() && !link_->stopped()) {
    const auto sent = link_->channel().send(bytes, Clock::now());
    bytes = bytes.subspan(sent);
    link_->sent();
    if (sent == 0) co_await link_->room().wait();
  }
}

net::Task<void> StdioSide::write_output() {
  auto& channel = link_->channel();
  Bytes bytes;
  while (!link_->stopped()) {
    channel.take_readable(bytes);
    if (bytes.empty()) {
      if (channel.state() == State::kClosed) {
        link_->end(LinkEnd::Cause::kPeer);
        break;
      }
      co_await link_->incoming().wait();
      continue;
    }
    link_->taken();
    writing_ = true;
    const auto written = co_await output_.write(bytes);
    writing_ = false;
    last_data_ = Clock::now();
    link_->delivered();
    if (!written) link_->end(LinkEnd::Cause::kFailed, written.error());
    if (!written || !*written) {
      output_lost_ = true;
      link_->end(LinkEnd::Cause::kLocal);
      break;
    }
  }
}

void StdioSide::on_timer(net::Deadline now) {
  const auto& channel = link_->channel();
  if (output_.reader_gone()) link_->end(LinkEnd::Cause::kLocal);
  if (channel.state() != State::kFinishing || !channel.drained() || has_output()) return;
  if (now - last_data_ < quiet_after_input_) return;
  if (channel.port_proved()) {
    link_->end(LinkEnd::Cause::kLocal);
  } else {
    link_->end(LinkEnd::Cause::kFailed,
               Error{Errc::kUnavailable, std::string(wire::ssm::kPortSilent)});
  }
}

net::Deadline StdioSide::next_deadline(net::Deadline now) const {
  if (link_->channel().state() != State::kFinishing) return net::Deadline::max();
  return now + std::min<net::Deadline::duration>(kReaderCheckEvery, quiet_after_input_);
}

}  // namespace passport::proxy
