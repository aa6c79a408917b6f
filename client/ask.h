// Questions to whoever sits at the terminal.
#pragma once
#include <functional>
#include <optional>

#include "base/result.h"
#include "client/pick.h"
#include "net/asio.h"

namespace passport::client {

/// What the tools answer with when the user left a question or a list: as a shell does for
/// ctrl-C.
inline constexpr int kLeft = 130;

/// The line that is typed. Errors: those of net::ask_terminal_line().
net::Task<Result<std::string>> ask_line(std::string prompt);

/// Asks until `take` has no error, which is shown. The same errors.
net::Task<Result<void>> ask_until(std::string prompt,
                                  std::function<Result<void>(const std::string&)> take);

/// The index of the line that is picked; nullopt when the user leaves.
net::Task<Result<std::optional<std::size_t>>> ask_pick(std::vector<std::string> lines);

}  // namespace passport::client
