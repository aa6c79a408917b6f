// Inside an instance: the shells and commands of sessions.
#pragma once
#include <map>
#include <vector>

#include <sys/types.h>

#include "lab/instance_protocol.h"

namespace passport::lab {

/// As the real agent runs them (agent/session/shell/shell_unix.go StartCommandExecutor): with a
/// terminal of their own, or, commands whose words are a program and its arguments, with pipes;
/// as kShellUser. Drive it as InstanceJobs. A request has
/// several answers: one with the terminal or standard output; one with standard error where it
/// was asked for; and, when the process ends, one with its exit status alone.
class InstanceShells {
 public:
  static constexpr std::size_t kMaxShells = 64;  ///< at once; EAGAIN above

  /// `user`: empty for the one that this process runs as.
  explicit InstanceShells(std::string user) : user_(std::move(user)) {}

  void start(const InstanceRequest& request, std::vector<InstanceAnswer>& answers);
  void signal(const InstanceRequest& request) const;
  void finish(pid_t pid, int wait_status, std::vector<InstanceAnswer>& answers);

 private:
  /// Empty for words that cannot be split.
  std::vector<std::string> make_command(const std::string& command, bool terminal) const;

  std::string user_;
  std::map<pid_t, std::uint32_t> running_;  ///< to the id of the request
};

}  // namespace passport::lab
