// passport-copy: from a command line to files that are the same at both ends.
#pragma once
#include <string>
#include <vector>

namespace passport::copy {

struct CopyOptions {
  std::vector<std::string> words{};  ///< sources, then where to
  std::string config{};              ///< ssh_config; empty: passport-ssh-config writes it
  unsigned sessions = 8;
  bool recursive = false;
  bool quiet = false;
};

/// The exit status; what went wrong has been said.
int run_copy(const CopyOptions& options);

}  // namespace passport::copy
