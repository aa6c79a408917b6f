// Bytes that wait for a reader.
#pragma once
#include <algorithm>
#include <deque>

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

/// A queue of bytes in pieces of at most kPiece, for what may grow large: its memory is that of
/// what it holds and a piece or two.
class PieceQueue {
 public:
  static constexpr std::size_t kPiece = 64 << 10;

  void append(ByteView bytes) {
    size_ += bytes.size();
    while (!bytes.empty()) {
      if (pieces_.empty() || pieces_.back().size() == kPiece) pieces_.emplace_back();
      auto& piece = pieces_.back();
      const auto n = std::min(bytes.size(), kPiece - piece.size());
      passport::append(piece, bytes.first(n));
      bytes = bytes.subspan(n);
    }
  }
  /// The first bytes: empty when nothing waits, not always all. Valid until the next non-const
  /// call.
  ByteView front() const {
    return pieces_.empty() ? ByteView() : ByteView(pieces_.front()).subspan(consumed_);
  }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// `n` at most front().size().
  void consume(std::size_t n) {
    consumed_ += n;
    size_ -= n;
    if (pieces_.empty() || consumed_ < pieces_.front().size()) return;
    pieces_.pop_front();
    consumed_ = 0;
  }

 private:
  std::deque<Bytes> pieces_;
  std::size_t consumed_ = 0;  ///< of the first piece
  std::size_t size_ = 0;
};

}  // namespace passport
