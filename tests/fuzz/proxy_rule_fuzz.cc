// A proxy's URL, NO_PROXY and a host, one a line.
#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "tests/fuzz/target.h"
#include "wire/proxy_rule.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string_view lines[3];
  for (auto& line : lines) {
    line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  const passport::wire::ProxyRule rule("HTTPS_PROXY", lines[0], lines[1]);
  const auto found =
      rule.find({.tls = true, .host = std::string(lines[2]), .port = 443, .path = ""});
  if (found && *found != nullptr && (*found)->endpoint.host.empty()) std::abort();
  return 0;
}
