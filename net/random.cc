#include "net/random.h"

#include <memory>
#include <stdexcept>

#include <openssl/rand.h>

namespace passport::net {
namespace {

/// A generator call costs as much as hundreds of bytes of it: one call serves this many UUIDs.
constexpr std::size_t kBatch = 64;

struct UuidBatch {
  std::array<wire::ssm::Uuid, kBatch> uuids;
  std::size_t next = kBatch;
};

}  // namespace

wire::ssm::UuidSource random_uuids() {
  return [batch = std::make_shared<UuidBatch>()] {
    if (batch->next == kBatch) {
      auto* bytes = batch->uuids.front().data();
      if (RAND_bytes(bytes, static_cast<int>(sizeof batch->uuids)) != 1)
        throw std::runtime_error("the system gives no random bytes");
      batch->next = 0;
    }
    auto uuid = batch->uuids[batch->next++];
    uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0f) | 0x40);
    uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3f) | 0x80);
    return uuid;
  };
}

wire::ssm::ClockOrigin clock_now() {
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::steady_clock::now(),
          static_cast<std::uint64_t>(
              std::chrono::duration_cast<std::chrono::milliseconds>(wall).count())};
}

}  // namespace passport::net
