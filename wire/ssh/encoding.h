// The data types of the SSH protocols (RFC 4251 section 5) over base/bytes.h.
#pragma once
#include <string_view>

#include "base/bytes.h"

namespace passport::wire::ssh {

/// uint32 length and that many bytes.
inline ByteView read_string(ByteReader& in) {
  return in.take(in.u32());
}
inline void append_string(Bytes& out, ByteView bytes) {
  append_u32(out, static_cast<std::uint32_t>(bytes.size()));
  append(out, bytes);
}
inline void append_string(Bytes& out, std::string_view text) {
  append_string(out, as_bytes(text));
}

/// `magnitude`: big-endian, not negative; leading zeros are left out.
inline void append_mpint(Bytes& out, ByteView magnitude) {
  while (!magnitude.empty() && magnitude.front() == 0) magnitude = magnitude.subspan(1);
  const bool pad = !magnitude.empty() && (magnitude.front() & 0x80) != 0;
  append_u32(out, static_cast<std::uint32_t>(magnitude.size() + (pad ? 1 : 0)));
  if (pad) out.push_back(0);
  append(out, magnitude);
}

/// Whether `bytes` is an mpint that is positive and has no needless leading byte.
inline bool is_positive_mpint(ByteView bytes) {
  if (bytes.empty() || (bytes[0] & 0x80) != 0) return false;
  return bytes[0] != 0 || (bytes.size() > 1 && (bytes[1] & 0x80) != 0);
}

}  // namespace passport::wire::ssh
