// Where the passport-agent of a user is: its sockets, its log, and what is written beside them.
#pragma once
#include <string>

#include "base/result.h"

namespace passport::api {

/// `given`, absolute; or aws::find_own_directory(). aws::make_own_directory() makes it. Errors:
/// kConfig.
Result<std::string> find_agent_directory(const std::string& given = "");

inline std::string agent_socket(const std::string& directory) {
  return directory + "/agent.sock";
}
inline std::string control_socket(const std::string& directory) {
  return directory + "/control.sock";
}

}  // namespace passport::api
