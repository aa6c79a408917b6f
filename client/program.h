// Other programs, asked for what they print.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "net/asio.h"

namespace passport::client {

struct ProgramEnd {
  int status = 0;  ///< exit status; 70 when a signal ended it
  std::string output{};
  std::string errors{};
};

/// Runs it with nothing on its standard input. Errors: those of net::run_command().
net::Task<Result<ProgramEnd>> run_program(std::vector<std::string> words,
                                          net::Deadline deadline);

/// Its first line.
std::string first_line(std::string text);

}  // namespace passport::client
