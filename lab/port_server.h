// The three byte services on every lab instance, for tests and benchmarks without ssh.
#pragma once
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "lab/instance_fd.h"

namespace passport::lab {

enum class PortService : unsigned short {
  kEcho = 7,     ///< writes back what it reads
  kDiscard = 9,  ///< reads until the end, then closes
  kSource = 19,  ///< writes source_byte(0), source_byte(1), ... until the peer closes
};
inline constexpr PortService kPortServices[] = {PortService::kEcho, PortService::kDiscard,
                                                PortService::kSource};
/// Connections served at once on one instance; more wait to be accepted.
inline constexpr std::size_t kMaxServed = 64;

std::optional<PortService> find_port_service(unsigned short port);

/// The source's byte at an offset: 32-bit big-endian words that count from 0 and start again at
/// kSourcePeriod bytes, so that lost, doubled and swapped bytes show.
inline constexpr std::uint64_t kSourcePeriod = std::uint64_t{1} << 20;
constexpr std::uint8_t source_byte(std::uint64_t offset) {
  const std::uint64_t word = offset % kSourcePeriod / 4;
  return static_cast<std::uint8_t>(word >> (24 - 8 * (offset % 4)));
}

/// A non-blocking listener on 127.0.0.1.
Result<Fd> listen_port(unsigned short port);

/// Serves one connected, blocking stream socket until it ends.
void serve_port(PortService service, int fd);

}  // namespace passport::lab
