#include "lab/message_link.h"

#include <vector>

namespace passport::lab {
namespace {

constexpr std::size_t kMaxBatch = 256;  // messages
constexpr std::size_t kMaxBatchBytes = 256
                                       << 10;  // about what a write gives the kernel at once
constexpr std::chrono::seconds kPingInterval{54};  // as the real agent's
constexpr std::chrono::seconds kCloseDeadline{2};
constexpr unsigned kNormalClosure = 1000;

}  // namespace

net::Task<void> write_link(std::shared_ptr<MessageLink> link, LinkSource source) {
  std::vector<wire::WebSocketMessage> batch;  // reused, with the messages' capacity
  bool alive = true;
  while (alive && source.live()) {
    std::size_t n = 0;
    for (std::size_t bytes = 0; n < kMaxBatch && bytes < kMaxBatchBytes; ++n) {
      if (batch.size() == n) batch.emplace_back();
      if (!source.next(batch[n])) break;
      bytes += batch[n].bytes.size();
    }
    if (n > 0) {
      alive = co_await link->websocket->write(std::span(batch.data(), n));
    } else if (source.over()) {
      co_await link->websocket->close(kNormalClosure, "", net::deadline_in(kCloseDeadline));
      co_return;
    } else {
      const auto ping_at = net::deadline_in(kPingInterval);
      co_await link->outgoing.wait(ping_at);
      if (std::chrono::steady_clock::now() >= ping_at) alive = co_await link->websocket->ping();
    }
  }
  link->websocket->abort();
}

net::Task<void> abort_later(std::shared_ptr<MessageLink> link,
                            std::chrono::milliseconds within) {
  net::asio::steady_timer timer(co_await net::asio::this_coro::executor, within);
  co_await timer.async_wait(net::asio::use_awaitable);
  link->websocket->abort();
}

}  // namespace passport::lab
