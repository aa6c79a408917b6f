#include "base/text.h"

#include <algorithm>

#include "base/harmless.h"

namespace passport {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

void append_escaped(std::string& out, std::string_view bytes) {
  for (const char c : bytes) {
    const auto b = static_cast<std::uint8_t>(c);
    out += "\\x";
    out += kHexDigits[b >> 4];
    out += kHexDigits[b & 0xf];
  }
}

}  // namespace

bool is_harmless(std::uint32_t code_point) {
  const auto c = code_point;
  if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return false;        // C0, DEL, C1
  if (c == 0x061c || c == 0x200e || c == 0x200f) return false;  // direction marks
  if (c >= 0x2028 && c <= 0x202e) return false;  // separators, embeddings, overrides
  if (c >= 0x2066 && c <= 0x2069) return false;  // isolates
  return c != 0xfeff;
}

std::size_t decode_utf8(std::string_view in, std::uint32_t& code_point) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(in[i]); };
  const auto lead = at(0);
  const std::size_t size = lead < 0x80                   ? 1
                           : lead >= 0xc2 && lead < 0xe0 ? 2
                           : lead >= 0xe0 && lead < 0xf0 ? 3
                           : lead >= 0xf0 && lead < 0xf5 ? 4
                                                         : 0;
  if (size == 0 || in.size() < size) return 0;
  code_point = size == 1 ? lead : lead & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
    code_point = code_point << 6 | (at(i) & 0x3f);
  }
  const bool overlong =
      (size == 3 && code_point < 0x800) || (size == 4 && code_point < 0x10000);
  const bool surrogate = code_point >= 0xd800 && code_point < 0xe000;
  return overlong || surrogate || code_point > 0x10ffff ? 0 : size;
}

std::string escape_for_terminal(std::string_view in, std::size_t limit) {
  std::string out;
  const bool cut = in.size() > limit;
  in = in.substr(0, limit);
  while (!in.empty()) {
    std::uint32_t c = 0;
    const auto size = decode_utf8(in, c);
    if (size != 0 && is_harmless(c))
      out += in.substr(0, size);
    else
      append_escaped(out, in.substr(0, size == 0 ? 1 : size));
    in.remove_prefix(size == 0 ? 1 : size);
  }
  if (cut) out += "...";
  return out;
}

std::string quote_for_shell(std::string_view in) {
  std::string out = "'";
  for (const char c : in)
    out += c == '\'' ? std::string_view("'\\''") : std::string_view(&c, 1);
  return out + "'";
}

std::string encode_hex(ByteView in) {
  std::string out;
  out.reserve(in.size() * 2);
  for (const auto b : in) {
    out += kHexDigits[b >> 4];
    out += kHexDigits[b & 0xf];
  }
  return out;
}

int hex_value(char digit) {
  const char c = lower(digit);
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string to_lower(std::string_view in) {
  std::string out(in);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace passport
