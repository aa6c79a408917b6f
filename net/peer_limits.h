// How much of a server one address may take. No IO: the time is an argument.
#pragma once
#include <chrono>
#include <cstddef>
#include <map>
#include <string>

#include <boost/asio/ip/address.hpp>

namespace passport::net {

struct PeerLimits {
  std::size_t connections = 0;  ///< at once; 0: no limit
  unsigned requests = 0;        ///< a second, on average; 0: no limit
};

/// Counts by peer: an IPv4 address, or the first 64 bits of an IPv6 address, within which a
/// host chooses its own.
class PeerCounts {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr unsigned kBurst = 10;           ///< seconds' worth of requests at once
  static constexpr std::size_t kMaxKept = 10'000;  ///< peers without a connection

  explicit PeerCounts(PeerLimits limits) : limits_(limits) {}

  /// A connection begins. False: it is one too many, and close() is not called for it.
  bool open(const boost::asio::ip::address& peer, Clock::time_point now);
  void close(const boost::asio::ip::address& peer);
  /// A request of a peer that has a connection. False: too many of late.
  bool take(const boost::asio::ip::address& peer, Clock::time_point now);

  std::size_t peers() const { return peers_.size(); }

 private:
  struct Peer {
    std::size_t connections = 0;
    double tokens = 0;  ///< requests that it may make now
    Clock::time_point since{};
  };
  void forget_idle();

  PeerLimits limits_;
  std::map<std::string, Peer> peers_;
  std::size_t idle_ = 0;  ///< of them without a connection
};

}  // namespace passport::net
