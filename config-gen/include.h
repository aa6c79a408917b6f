// The one line in the user's own ssh_config by which editors and IDEs find the instances.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace passport::config_gen {

/// `Include "PATH"`. Errors: kConfig: ssh would take the path for a pattern, or has no form for
/// it.
Result<std::string> make_include_line(const std::string& path);

/// The text with the line as its first, unless it is somewhere in it; and without it. All else
/// stays as it is, byte by byte.
std::string add_line(std::string_view text, std::string_view line);
std::string remove_line(std::string_view text, std::string_view line);

/// Has ~/.ssh/config include the file, or no longer. Its mode is kept, and a symbolic link goes
/// on leading to it; where there is none it is made. Returns whether it was changed. Errors:
/// kConfig; kDenied: it is another user's; kUnavailable.
Result<bool> include_file(const std::string& path, bool wanted);

}  // namespace passport::config_gen
