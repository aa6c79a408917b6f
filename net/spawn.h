// Programs that this one starts.
#pragma once
#include <string>
#include <vector>

#include <sys/types.h>

namespace passport::net {

struct Spawn {
  std::vector<std::string> words{};        ///< the program, found along PATH, and its arguments
  int input = -1;                          ///< its standard input; not below 3
  int output = -1;                         ///< likewise
  int errors = -1;                         ///< likewise; -1: this process's
  bool group = false;                      ///< a process group of its own
  std::vector<std::string> environment{};  ///< "NAME=VALUE", besides this process's own
  bool bare = false;                       ///< of this process's environment it gets PATH alone
};

/// Starts it, with signals as a shell has them. Descriptors without FD_CLOEXEC go to it as
/// well. 0, or an errno.
int spawn(pid_t& pid, Spawn spawn);

}  // namespace passport::net
