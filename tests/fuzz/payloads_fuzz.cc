// The JSON inside messages: nothing crashes, and what parses is written so that it parses
// again.
#include <cstdlib>

#include "tests/fuzz/target.h"
#include "wire/ssm/payloads.h"

using namespace passport;
using namespace passport::wire::ssm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView in(data, size);
  if (const auto a = parse_acknowledge(in)) {
    Bytes out;
    serialize_acknowledge(*a, out);
    if (!parse_acknowledge(out)) std::abort();
  }
  if (const auto r = parse_handshake_request(in))
    if (!parse_handshake_request(as_bytes(serialize_handshake_request(*r)))) std::abort();
  if (const auto r = parse_handshake_response(in))
    if (!parse_handshake_response(as_bytes(serialize_handshake_response(*r)))) std::abort();
  if (const auto o = parse_open_data_channel(as_text(in)))
    if (!parse_open_data_channel(serialize_open_data_channel(*o))) std::abort();
  if (const auto c = parse_channel_closed(in))
    if (!parse_channel_closed(as_bytes(serialize_channel_closed(*c, "m", 1)))) std::abort();
  if (const auto s = parse_size(in))
    if (parse_size(as_bytes(serialize_size(*s))).value() != *s) std::abort();
  if (const auto e = parse_exit_code(in))
    if (parse_exit_code(as_bytes(serialize_exit_code(*e))).value() != *e) std::abort();
  if (const auto c = parse_encryption_challenge(in))
    if (*parse_encryption_challenge(as_bytes(serialize_encryption_challenge(as_bytes(*c)))) !=
        *c)
      std::abort();
  (void)parse_flag(in).has_value();
  (void)compare_versions(as_text(in.first(size / 2)), as_text(in.subspan(size / 2)));
  return 0;
}
