// The command line of session-manager-plugin: one argument a line. What it says of a wrong one
// never holds the token.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "proxy/plugin_command.h"
#include "tests/fuzz/target.h"

using namespace passport;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text({data, size});
  std::vector<std::string_view> arguments;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    arguments.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  const auto command = proxy::parse_plugin_command(
      arguments, [&](std::string_view) -> std::optional<std::string> {
        return arguments.empty() ? std::optional<std::string>() : std::string(arguments.back());
      });
  if (!command) {
    if (command.error().detail.find("TOKENTOKEN") != std::string::npos && !arguments.empty() &&
        arguments[0].find("TOKENTOKEN") != std::string_view::npos &&
        text.find("TOKENTOKEN") == text.rfind("TOKENTOKEN"))
      std::abort();
    return 0;
  }
  const bool session = command->kind == proxy::PluginCommand::Kind::kSession;
  if (session && (command->session.token.empty() || command->request.target.empty()))
    std::abort();
  return 0;
}
