#include "net/frame_scanner.h"

#include <algorithm>

namespace passport::net {
namespace {

constexpr std::uint8_t kFin = 0x80;
constexpr std::uint8_t kOpcode = 0x0f;
constexpr std::uint8_t kClose = 0x08;
constexpr std::uint8_t kMask = 0x80;
constexpr std::uint8_t kLength = 0x7f;

}  // namespace

bool FrameScanner::header_complete() {
  if (header_size_ < 2) return false;
  const auto length = header_[1] & kLength;
  const std::size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
  const std::size_t mask = (header_[1] & kMask) != 0 ? 4 : 0;
  if (header_size_ < 2 + extended + mask) return false;
  payload_left_ = extended == 0 ? static_cast<std::uint64_t>(length) : 0;
  for (std::size_t i = 2; i < 2 + extended; ++i)
    payload_left_ = payload_left_ << 8 | header_[i];
  return true;
}

void FrameScanner::feed(ByteView bytes) {
  while (!bytes.empty() || in_payload_) {
    if (!in_payload_) {
      header_[header_size_++] = bytes.front();
      bytes = bytes.subspan(1);
      in_payload_ = header_complete();
      if (!in_payload_) continue;
    }
    const auto n = std::min<std::uint64_t>(payload_left_, bytes.size());
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    payload_left_ -= n;
    if (payload_left_ > 0) return;
    in_payload_ = false;
    header_size_ = 0;
    const auto opcode = header_[0] & kOpcode;
    const bool last_of_message = (header_[0] & kFin) != 0 && opcode < kClose;
    if (last_of_message || opcode == kClose) ++messages_;
  }
}

}  // namespace passport::net
