// XML from outside: answers and errors of STS.
#include <cstdlib>

#include "base/bytes.h"
#include "tests/fuzz/target.h"
#include "wire/aws/service_error.h"
#include "wire/aws/sts_messages.h"

using namespace passport;
using namespace passport::wire::aws;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text({data, size});
  const auto identity = parse_caller_identity(text);
  if (identity && (identity->account.empty() || identity->arn.empty())) std::abort();
  const auto key = parse_assumed_role(text);
  if (key && (key->key.session_token.empty() || !key->expires)) std::abort();
  (void)parse_service_error({403, {}, std::string(text)});
  return 0;
}
