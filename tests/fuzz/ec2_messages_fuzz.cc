// XML from outside: what EC2 says of instances.
#include <cstdlib>

#include "base/bytes.h"
#include "tests/fuzz/target.h"
#include "wire/aws/ec2_messages.h"
#include "wire/aws/identifiers.h"

using namespace passport;
using namespace passport::wire::aws;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto page = parse_instances(as_text({data, size}));
  if (!page) return 0;
  for (const auto& instance : page->instances) {
    if (!is_instance_id(instance.instance_id)) std::abort();
    for (const auto& [key, value] : instance.tags)
      if (!is_tag(key, value) || value.size() > 4 * kMaxTagValue) std::abort();
  }
  return 0;
}
