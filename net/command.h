// Programs of the user's that this one runs: what they read, write and say.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "net/asio.h"

namespace passport::net {

inline constexpr std::size_t kMaxCommandInput = 16 << 20;   ///< bytes
inline constexpr std::size_t kMaxCommandOutput = 64 << 10;  ///< bytes, unless it may have more
inline constexpr std::size_t kMaxCommandErrors = 4096;      ///< bytes; the rest is passed over

struct Command {
  std::vector<std::string> words{};        ///< the program, found along PATH, and its arguments
  std::string input{};                     ///< for its standard input
  std::vector<std::string> environment{};  ///< "NAME=VALUE", before this process's own
  /// A group of its own, killed as a whole, and its standard error taken: for one that nobody
  /// watches. Else it may use the terminal, and its standard error is this process's.
  bool alone = false;
  bool bare = false;  ///< of this process's environment it gets PATH alone
  std::size_t most_output = kMaxCommandOutput;
};

struct CommandEnd {
  int status = 0;        ///< as of waitpid(2)
  std::string output{};  ///< perhaps secret: wipe it
  std::string errors{};  ///< its first kMaxCommandErrors bytes, as they came
};

/// Runs the command without a shell until it ends; at the deadline it is killed. Errors:
/// kConfig when it cannot be started; kUnavailable; kTimeout; kTooLarge for input or output.
Task<Result<CommandEnd>> run_command(Command command, Deadline deadline);

/// The path of a program of ours: beside this one, or its name for PATH to find.
std::string find_program(const std::string& name);

/// "it exited with status 3", "it was ended by signal 9".
std::string describe_status(int status);

}  // namespace passport::net
