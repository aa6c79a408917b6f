// What passport-logbook reads: lines of an export, as such and as checkpoints kept elsewhere.
#include <cstdlib>

#include "service/logbook_verifier.h"
#include "tests/fuzz/target.h"
#include "wire/ssh/private_key.h"

using namespace passport;
using namespace passport::service;

namespace {

/// The key of the corpus.
const wire::ssh::PublicKey& public_key() {
  static const auto key = wire::ssh::PrivateKey::from_ed25519_seed(Bytes(32, 1))->public_key();
  return key;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto text = as_text(ByteView(data, size));
  auto as_export = LogbookVerifier::make({public_key()});
  auto as_kept = LogbookVerifier::make({public_key()});
  bool held = true;
  bool kept = true;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto parsed = parse_log_line(line);
    if (parsed && render_log_line(*parsed) != line) std::abort();
    held = held && as_export->read(line).has_value();
    kept = kept && as_kept->keep(line).has_value();
    if (!parsed && (held || kept)) std::abort();
  }
  (void)as_export->finish();
  return 0;
}
