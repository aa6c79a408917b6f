// Redaction of any text around a planted secret: the secret goes, and nothing that looks like
// one is left. The first 8 bytes are the seed of the secret.
#include <cstdlib>
#include <random>

#include <boost/json/serialize.hpp>

#include "base/bytes.h"
#include "client/pseudonyms.h"
#include "client/redact.h"
#include "client/scrub.h"
#include "tests/fuzz/target.h"
#include "tests/support/planted_secret.h"

using namespace passport;
using namespace passport::client;

namespace {

std::string check(const std::string& text) {
  auto out = scrub(text);
  if (!find_secret(out).empty() || scrub(out) != out) std::abort();
  return out;
}
void check(const std::string& text, std::string_view secret) {
  if (check(text).find(secret) != std::string::npos) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader in({data, size});
  const auto seed = in.u64();
  const std::string around(as_text(in.rest()));
  std::mt19937_64 random(seed);
  const test::Numbers next = [&] { return static_cast<unsigned>(random()); };
  const auto planted = test::plant_secret(next() % test::kSecretForms, next);
  if (around.find(planted.secret) != std::string::npos)
    return 0;  // by itself it looks like nothing
  const auto middle = around.size() / 2;
  check(around.substr(0, middle) + "\n" + planted.text + "\n" + around.substr(middle),
        planted.secret);
  check(redact_config(around, {}));
  check(redact_environment({around}));
  check(redact_ssh_config(around + "\nSetEnv " + planted.text, Names::kHidden), planted.secret);
  check(redact_known_hosts(around + "\n" + planted.text), planted.secret);
  if (const auto object = parse_json_object(around, ""))
    check(json::serialize(redact_json(*object, Names::kShown)));
  Pseudonyms names;
  names.add("user", "ann");
  (void)names.apply(around);
  return 0;
}
