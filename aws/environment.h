// The process's environment, as an argument.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace passport::aws {

/// The value of a variable; empty when it is not set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

Environment process_environment();

/// The value of the first of the names that is set to something.
template <class... Names>
std::string find_variable(const Environment& environment, Names... names) {
  for (const std::string_view name : {std::string_view(names)...})
    if (auto value = environment(name); value && !value->empty()) return *std::move(value);
  return {};
}

}  // namespace passport::aws
