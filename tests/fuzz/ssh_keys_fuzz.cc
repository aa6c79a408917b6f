// What reads SSH keys and certificates, each of them on the same bytes.
#include <cstdlib>

#include "base/base64.h"
#include "tests/fuzz/target.h"
#include "wire/ssh/certificate.h"
#include "wire/ssh/private_key.h"
#include "wire/ssh/public_key.h"
#include "wire/ssh/signature.h"

using namespace passport;
using namespace passport::wire::ssh;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView in(data, size);
  if (const auto key = parse_public_key(in)) {
    const auto again = parse_public_key_line(render_public_key(*key, "comment"));
    if (!again || *again != *key) std::abort();
  }
  const auto certificate = parse_certificate(in);
  if (certificate && certificate->fields.principals.empty()) std::abort();
  (void)find_algorithm(in);
  const auto text = as_text(in);
  (void)parse_public_key_line(text);
  (void)parse_certificate_line(text);
  (void)parse_private_key_file(text);
  if (const auto bytes = decode_base64(text); bytes && encode_base64(as_bytes(*bytes)) != text)
    std::abort();
  return 0;
}
