#include "aws/environment.h"

#include <cstdlib>

namespace passport::aws {

Environment process_environment() {
  return [](std::string_view name) -> std::optional<std::string> {
    const auto* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return {};
    return value;
  };
}

}  // namespace passport::aws
