// JSON of single sign-on and of the AWS CLI's caches: nothing crashes, and what is read is
// written so that it is read again.
#include <cstdlib>

#include "base/bytes.h"
#include "tests/fuzz/target.h"
#include "wire/aws/role_cache.h"
#include "wire/aws/sso_messages.h"

using namespace passport;
using namespace passport::wire::aws;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text({data, size});
  if (const auto token = parse_sso_token(text)) {
    const auto again = parse_sso_token(serialize_sso_token(*token));
    if (!again || again->access_token.reveal() != token->access_token.reveal() ||
        again->expires != token->expires)
      std::abort();
  }
  SsoToken old;
  old.access_token = Secret("old");
  const auto created = parse_created_token(text, old, std::chrono::sys_seconds{});
  if (created && created->access_token.empty()) std::abort();
  const auto issued = parse_role_credentials(text);
  if (issued && (issued->key.id.empty() || issued->key.secret.empty())) std::abort();
  if (const auto cached = parse_cached_role(text)) {
    const auto again = parse_cached_role(serialize_cached_role(*cached));
    if (!again || again->key.id != cached->key.id || again->expires != cached->expires)
      std::abort();
  }
  return 0;
}
