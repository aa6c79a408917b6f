// The user's terminal, for a question that standard input and output have no place for.
#pragma once
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "net/asio.h"

namespace passport::net {

/// Shows `prompt` on the controlling terminal (/dev/tty) and reads one line of at most
/// kMaxTerminalLine bytes, which is not shown. The terminal is put back as it was whichever way
/// this ends; ctrl-C is passed on as a signal, ctrl-Z and ctrl-\ mean nothing meanwhile.
/// Errors: kUnavailable when there is no terminal, or this process is in its background;
/// kTimeout; kDenied when the user ends the line's input instead.
inline constexpr std::size_t kMaxTerminalLine = 256;
Task<Result<Secret>> ask_terminal(asio::any_io_executor executor, std::string prompt,
                                  Deadline deadline);

}  // namespace passport::net
