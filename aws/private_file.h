// Files with secrets: what the AWS CLI's caches are.
#pragma once
#include <string>
#include <string_view>

#include <sys/types.h>

#include "base/result.h"

namespace passport::aws {

/// Puts `text` into `path`, for this user alone (0600), all at once: who reads
/// meanwhile sees the old text or the new. Folders that are missing are made (0700). Errors:
/// kUnavailable with the path and the reason.
Result<void> save_private_file(const std::string& path, std::string_view text);

/// The same with another mode.
Result<void> replace_file(const std::string& path, std::string_view text, mode_t mode);

/// As save_private_file(), but a file that is so already is left as it is.
Result<void> update_private_file(const std::string& path, std::string_view text);

/// The same as save_private_file(), where nothing is yet. Errors: also kConflict.
Result<void> create_private_file(const std::string& path, std::string_view text);

}  // namespace passport::aws
