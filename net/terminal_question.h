// The user's terminal, for a question that standard input and output have no place for.
#pragma once
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "net/asio.h"

namespace passport::net {

/// Shows `prompt` on the controlling terminal (/dev/tty) and reads one line of at most
/// kMaxSecretLine bytes, which is not shown. The terminal is put back as it was whichever way
/// this ends; ctrl-C is passed on as a signal, ctrl-Z and ctrl-\ mean nothing meanwhile.
/// Errors: kUnavailable when there is no terminal, or this process is in its background;
/// kTimeout; kDenied when the user ends the line's input instead, or says nothing.
inline constexpr std::size_t kMaxSecretLine = 1024;
Task<Result<Secret>> ask_terminal(asio::any_io_executor executor, std::string prompt,
                                  Deadline deadline);

/// Likewise a line that is shown and may be empty, of at most kMaxLine bytes. The terminal's
/// mode stays as it is.
inline constexpr std::size_t kMaxLine = 4096;  // more the terminal does not keep
Task<Result<std::string>> ask_terminal_line(asio::any_io_executor executor, std::string prompt,
                                            Deadline deadline);

}  // namespace passport::net
