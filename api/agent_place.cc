#include "api/agent_place.h"

#include <filesystem>

#include <fmt/format.h>

#include "aws/own_directory.h"
#include "base/text.h"

namespace passport::api {

Result<std::string> find_agent_directory(const std::string& given) {
  if (!given.empty()) {
    std::error_code error;
    const auto path = std::filesystem::absolute(given, error);
    if (error)
      return Error{Errc::kConfig,
                   fmt::format("\"{}\": {}", escape_for_terminal(given), error.message())};
    return path.string();
  }
  auto own = aws::find_own_directory(aws::process_environment());
  if (!own) return Error{own.error().code, own.error().detail, "name a folder: --directory"};
  return own;
}

}  // namespace passport::api
