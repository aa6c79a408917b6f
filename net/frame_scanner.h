// Counts websocket messages in received bytes, before anything takes them apart.
#pragma once
#include <array>

#include "base/bytes.h"

namespace passport::net {

/// Fed every byte received after the upgrade, in order, it knows how many whole messages have
/// arrived. A close frame counts as one: whoever reads it finds the end. It judges nothing; a
/// stream that breaks the framing is refused by the websocket's own parser.
/// Source: RFC 6455 section 5.2.
class FrameScanner {
 public:
  void feed(ByteView bytes);
  std::size_t messages() const { return messages_; }
  void take() {
    if (messages_ > 0) --messages_;
  }

 private:
  bool header_complete();

  std::array<std::uint8_t, 14> header_{};
  std::size_t header_size_ = 0;
  bool in_payload_ = false;
  std::uint64_t payload_left_ = 0;
  std::size_t messages_ = 0;
};

}  // namespace passport::net
