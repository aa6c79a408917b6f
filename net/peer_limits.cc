#include "net/peer_limits.h"

#include <algorithm>

namespace passport::net {
namespace {

std::string key_of(const boost::asio::ip::address& peer) {
  if (peer.is_v6() && !peer.to_v6().is_v4_mapped()) {
    const auto bytes = peer.to_v6().to_bytes();
    return {bytes.begin(), bytes.begin() + 8};
  }
  const auto v4 =
      peer.is_v4() ? peer.to_v4() : make_address_v4(boost::asio::ip::v4_mapped, peer.to_v6());
  const auto bytes = v4.to_bytes();
  return {bytes.begin(), bytes.end()};
}

}  // namespace

bool PeerCounts::open(const boost::asio::ip::address& peer, Clock::time_point now) {
  const auto [at, fresh] = peers_.try_emplace(key_of(peer));
  auto& counts = at->second;
  if (fresh) counts = {0, double(limits_.requests) * kBurst, now};
  if (limits_.connections > 0 && counts.connections >= limits_.connections) return false;
  if (!fresh && counts.connections == 0) --idle_;
  ++counts.connections;
  return true;
}

void PeerCounts::close(const boost::asio::ip::address& peer) {
  const auto at = peers_.find(key_of(peer));
  if (at == peers_.end() || --at->second.connections > 0) return;
  if (++idle_ > kMaxKept) forget_idle();
}

/// Whoever is forgotten begins anew, which is worth less than memory without a bound.
void PeerCounts::forget_idle() {
  std::erase_if(peers_, [](const auto& entry) { return entry.second.connections == 0; });
  idle_ = 0;
}

bool PeerCounts::take(const boost::asio::ip::address& peer, Clock::time_point now) {
  if (limits_.requests == 0) return true;
  const auto at = peers_.find(key_of(peer));
  if (at == peers_.end()) return true;
  auto& counts = at->second;
  const auto passed = std::chrono::duration<double>(now - counts.since).count();
  counts.tokens =
      std::min(counts.tokens + passed * limits_.requests, double(limits_.requests) * kBurst);
  counts.since = now;
  if (counts.tokens < 1) return false;
  counts.tokens -= 1;
  return true;
}

}  // namespace passport::net
