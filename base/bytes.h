// Byte views and the big-endian reader and writers that every codec uses.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace passport {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView as_bytes(std::string_view s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}
inline std::string_view as_text(ByteView b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

/// Reads big-endian fields from the front of a view. Sticky: after the first short
/// read every later read returns zero or empty and ok() is false, so a parser reads
/// all its fields in wire order and checks once. Never reads outside the view.
class ByteReader {
 public:
  explicit ByteReader(ByteView in) : in_(in) {}

  std::uint32_t u32() { return static_cast<std::uint32_t>(be(4)); }
  std::uint64_t u64() { return be(8); }
  ByteView take(std::size_t n) {
    if (in_.size() < n) {
      ok_ = false;
      in_ = {};
      return {};
    }
    auto out = in_.first(n);
    in_ = in_.subspan(n);
    return out;
  }
  ByteView rest() { return take(in_.size()); }
  std::size_t left() const { return in_.size(); }
  bool ok() const { return ok_; }

 private:
  std::uint64_t be(std::size_t n) {
    std::uint64_t v = 0;
    for (auto b : take(n)) v = v << 8 | b;
    return v;
  }
  ByteView in_;
  bool ok_ = true;
};

inline void append(Bytes& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}
inline void append_u32(Bytes& out, std::uint32_t v) {
  const std::array<std::uint8_t, 4> be = {
      static_cast<std::uint8_t>(v >> 24), static_cast<std::uint8_t>(v >> 16),
      static_cast<std::uint8_t>(v >> 8), static_cast<std::uint8_t>(v)};
  append(out, be);
}
inline void append_u64(Bytes& out, std::uint64_t v) {
  append_u32(out, static_cast<std::uint32_t>(v >> 32));
  append_u32(out, static_cast<std::uint32_t>(v));
}

}  // namespace passport
