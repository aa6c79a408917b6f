// Bytes that wait for a reader.
#pragma once
#include "base/bytes.h"

namespace passport {

/// A queue of bytes in one piece. Its memory is at most about twice what it ever held at once;
/// whoever appends keeps that bounded.
class ByteQueue {
 public:
  void append(ByteView bytes) {
    if (consumed_ > bytes_.size() / 2) {
      bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(consumed_));
      consumed_ = 0;
    }
    passport::append(bytes_, bytes);
  }
  /// Moves everything into `into`, whose memory is kept for the next append().
  void take(Bytes& into) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(consumed_));
    consumed_ = 0;
    into.clear();
    bytes_.swap(into);
  }
  /// Valid until the next non-const call.
  ByteView view() const { return ByteView(bytes_).subspan(consumed_); }
  std::size_t size() const { return bytes_.size() - consumed_; }
  bool empty() const { return size() == 0; }
  /// `n` at most size().
  void consume(std::size_t n) {
    consumed_ += n;
    if (consumed_ < bytes_.size()) return;
    bytes_.clear();
    consumed_ = 0;
  }

 private:
  Bytes bytes_;
  std::size_t consumed_ = 0;
};

}  // namespace passport
