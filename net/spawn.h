// Programs that this one starts.
#pragma once
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"

namespace passport::net {

struct Spawn {
  std::vector<std::string> words{};        ///< the program, found along PATH, and its arguments
  int input = -1;                          ///< its standard input
  int output = -1;                         ///< likewise
  int errors = -1;                         ///< likewise; -1: this process's
  bool group = false;                      ///< a process group of its own
  std::vector<std::string> environment{};  ///< "NAME=VALUE", before this process's own
  bool bare = false;                       ///< of this process's environment it gets PATH alone
};

/// Starts it, with signals as a shell has them. Descriptors without FD_CLOEXEC go to it as
/// well. 0, or an errno.
int spawn(pid_t& pid, Spawn spawn);

/// Runs it with this process's standard input and error, and `output` as its standard output,
/// for as long as it takes: it deals with the user itself. Meanwhile ctrl-C and ctrl-\ are its
/// affair. The status as of waitpid(2). Errors: kConfig when it cannot be started.
Result<int> run_in_front(const std::vector<std::string>& words, int output = 1);

/// Becomes the program, for which SIGPIPE has its default action again. Returns only when that
/// fails: kConfig.
Error become(std::vector<std::string> words);

/// The Error for an errno of spawn(): kConfig.
Error cannot_run(const std::string& program, int error);

}  // namespace passport::net
