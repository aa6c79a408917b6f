// passportd.conf: what is taken can be used, what is not is told in one line.
#include <cstdlib>

#include "base/bytes.h"
#include "service/config.h"
#include "tests/fuzz/target.h"

using namespace passport;
using namespace passport::service;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config = parse_config(as_text(ByteView(data, size)));
  if (!config) {
    if (config.error().code != Errc::kConfig) std::abort();
    return 0;
  }
  if (config->certificate.empty() || config->key.empty() || config->longest.count() < 60 ||
      config->longest > std::chrono::hours(12))
    std::abort();
  for (const auto& [id, account] : config->accounts) {
    if (id.size() != 12 || account.id != id || account.admins.empty() ||
        account.regions.empty())
      std::abort();
    if (account.approvals > 0 && account.approvers.empty()) std::abort();
    if (!account.break_glass.empty() && config->notify.empty()) std::abort();
  }
  return 0;
}
