// A PostgreSQL of the tests' own: made, started and thrown away by them.
#pragma once
#include <string>

#include <sys/types.h>

namespace passport::service {

/// On a unix socket in a temporary folder, as the user postgres when the tests run as root.
class PostgresServer {
 public:
  /// The one of this process; started at the first call.
  static PostgresServer& instance();

  /// URI of a new, empty database; "" when there is no server, and why_not().
  std::string make_database();
  const std::string& why_not() const { return why_not_; }

  /// SIGKILL to all of it, and up again.
  void kill_and_restart();

 private:
  PostgresServer();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;
  bool run(const std::string& command) const;
  bool start();

  std::string folder_;
  std::string why_not_;
  int databases_ = 0;
};

}  // namespace passport::service
