// Two websockets back to back in memory.
#pragma once
#include <deque>
#include <memory>

#include "net/event.h"
#include "net/websocket.h"

namespace passport::lab {

/// One end. What is written waits at the other end until it is read; abort() and close() end
/// both.
class MemorySocket : public net::WebSocket {
 public:
  static std::pair<std::unique_ptr<MemorySocket>, std::unique_ptr<MemorySocket>> make_pair(
      const net::asio::any_io_executor& executor) {
    auto up = std::make_shared<Lane>(executor);
    auto down = std::make_shared<Lane>(executor);
    return {std::unique_ptr<MemorySocket>(new MemorySocket(up, down)),
            std::unique_ptr<MemorySocket>(new MemorySocket(down, up))};
  }
  ~MemorySocket() override { abort(); }

  net::Task<bool> read(wire::WebSocketMessage& into) override {
    const auto lane = in_;
    while (lane->messages.empty() && !lane->over) co_await lane->arrived.wait();
    if (lane->messages.empty()) co_return false;
    into = std::move(lane->messages.front());
    lane->messages.pop_front();
    co_return true;
  }
  bool has_buffered_input() const override { return !in_->messages.empty(); }
  net::Task<bool> write(std::span<const wire::WebSocketMessage> messages) override {
    if (out_->over) co_return false;
    out_->messages.insert(out_->messages.end(), messages.begin(), messages.end());
    out_->arrived.notify();
    co_return true;
  }
  net::Task<bool> ping() override { co_return !out_->over; }
  net::Deadline last_heard() const override { return std::chrono::steady_clock::now(); }
  net::Task<void> close(unsigned code, std::string reason, net::Deadline) override {
    if (!out_->over) {
      out_->end({code, std::move(reason)});
      in_->end({code, {}});
    }
    co_return;
  }
  void abort() override {
    in_->messages.clear();  // what was on the way is lost
    out_->messages.clear();
    in_->end({});
    out_->end({});
  }
  const net::WebSocketClosed& closed() const override { return in_->closed; }

  /// Messages of the peer that were not read yet.
  std::size_t unread() const { return in_->messages.size(); }
  /// Messages that the peer has not read yet.
  std::size_t unread_by_peer() const { return out_->messages.size(); }

 private:
  struct Lane {
    explicit Lane(const net::asio::any_io_executor& executor) : arrived(executor) {}
    void end(net::WebSocketClosed why) {
      if (!over) closed = std::move(why);
      over = true;
      arrived.notify();
    }
    std::deque<wire::WebSocketMessage> messages;
    net::Event arrived;
    net::WebSocketClosed closed;
    bool over = false;
  };
  MemorySocket(std::shared_ptr<Lane> in, std::shared_ptr<Lane> out)
      : in_(std::move(in)), out_(std::move(out)) {}

  std::shared_ptr<Lane> in_;
  std::shared_ptr<Lane> out_;
};

}  // namespace passport::lab
