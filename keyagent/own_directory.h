// What a user's agent has in its folder: its sockets, its lock, its log.
#pragma once
#include <string>

#include "base/result.h"

namespace passport::keyagent {

/// `given`, absolute, or aws::find_own_directory(). Errors: kConfig.
Result<std::string> find_directory(const std::string& given);

inline std::string agent_socket(const std::string& directory) {
  return directory + "/agent.sock";
}
inline std::string control_socket(const std::string& directory) {
  return directory + "/control.sock";
}
inline std::string log_file(const std::string& directory) {
  return directory + "/agent.log";
}

/// One agent a folder: held for as long as this lives.
class DirectoryLock {
 public:
  /// Errors: kUnavailable when another agent has it.
  static Result<DirectoryLock> take(const std::string& directory);
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) = delete;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int file) : file_(file) {}
  int file_;
};

}  // namespace passport::keyagent
