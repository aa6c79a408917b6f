// Diagnostics on standard error: the tool's one line of failure, and -v logs.
#pragma once
#include <string_view>

#include <fmt/format.h>

#include "base/result.h"

namespace passport {

enum class LogLevel { kNotice = 0, kInfo = 1, kDebug = 2 };

/// Sets the tool's name, which starts every line, and how much is shown: kNotice by
/// default, one level more for each -v. Call once, before threads.
void start_log(std::string_view tool, LogLevel level);
bool log_enabled(LogLevel level);

/// What ends a line: "\r\n" while the terminal is in raw mode.
void set_log_newline(std::string_view newline);

/// Writes "TOOL: TEXT\n" to standard error in one write; control characters are escaped.
/// Never pass a secret: not at any level.
void log_line(std::string_view text);

/// kDebug and kInfo lines: a two-word message, then key=value.
template <class... Args>
void log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(level)) log_line(fmt::format(format, std::forward<Args>(args)...));
}

/// "TOOL: DETAIL" and, where there is one, "TOOL: hint: HINT". Returns the exit status.
int report(const Error& error);

}  // namespace passport
