// In place of session-manager-plugin.
#pragma once
#include <optional>
#include <span>

namespace passport::proxy {

/// The plugin's arguments, when this program is run under its name or with its name as the
/// first argument. They point into `argv`.
std::optional<std::span<char*>> find_plugin_arguments(std::span<char*> argv);

/// Carries the session that the AWS CLI has started. Returns the exit status.
int run_plugin(std::span<char*> arguments);

}  // namespace passport::proxy
