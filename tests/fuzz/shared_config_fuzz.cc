// The shared files' reader takes any text, and tells the wrong line without quoting it.
#include <cstdlib>

#include "base/bytes.h"
#include "tests/fuzz/target.h"
#include "wire/aws/shared_config.h"

using namespace passport;
using namespace passport::wire::aws;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text({data, size});
  for (const auto kind : {SharedFile::kConfig, SharedFile::kCredentials}) {
    const auto config = parse_shared_config(text, kind);
    if (!config && !config.error().detail.starts_with("line ") && size <= kMaxSharedFile)
      std::abort();
    if (!config) continue;
    for (const auto& [name, section] : config->profiles) {
      if (name.find('\n') != std::string::npos) std::abort();
      for (const auto& [setting, value] : section.values)
        if (setting.empty() || section.find(setting) != value) std::abort();
    }
  }
  return 0;
}
