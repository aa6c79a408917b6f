// fzf(1), where it is installed, to pick a line.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/asio.h"

namespace passport::client {

/// The index of the line that is picked; nullopt when the user leaves. The lines are of one
/// line each, harmless, and each there once; `query` is typed beforehand. Errors: kUnavailable:
/// there is no fzf, or it does not work here.
net::Task<Result<std::optional<std::size_t>>> pick_by_fzf(std::vector<std::string> lines,
                                                          std::string query);

}  // namespace passport::client
