// A frame that parses is written again as it was.
#include <cstdlib>

#include "tests/fuzz/target.h"
#include "wire/ssm/agent_message.h"

using namespace passport;
using namespace passport::wire::ssm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView in(data, size);
  const auto m = parse_agent_message(in);
  if (!m) return 0;
  Bytes again;
  serialize_agent_message(*m, again);
  // Padding may have been NULs; everything else must be the same.
  if (again.size() != size || parse_agent_message(again)->payload.size() != m->payload.size())
    std::abort();
  (void)digest_matches(*m);
  return 0;
}
