// Shapes of the names that AWS gives to things.
#pragma once
#include <string_view>

namespace passport::wire::aws {

/// "i-" or "mi-" and 8 to 17 lower-case hexadecimal digits.
bool is_instance_id(std::string_view text);

/// A session's id: the caller's session name, '-' and digits. 1 to 96 letters, digits and
/// characters of "+=,.@_-", so that it is one segment of a path.
bool is_session_id(std::string_view text);

/// Of Run Command: a UUID in lower case, 36 characters.
bool is_command_id(std::string_view text);

/// Lower-case letters, digits and inner '-': fit to be a label of a host name.
bool is_region(std::string_view text);

}  // namespace passport::wire::aws
