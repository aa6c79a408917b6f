// What the instance tests need to point ssh at a passed descriptor.
#pragma once
#include <string>
#include <thread>
#include <vector>

#include "lab/instance_fd.h"

namespace passport::lab {

struct CommandResult {
  int exit_status = -1;
  std::string standard_output;
};

/// Runs a program to its end, within 30 s; its stderr is the test's.
CommandResult run_command(const std::vector<std::string>& argv);

/// One TCP port of 127.0.0.1 whose first connection is relayed to a connected stream socket.
class PortRelay {
 public:
  explicit PortRelay(Fd far_end);
  ~PortRelay();
  PortRelay(const PortRelay&) = delete;
  PortRelay(PortRelay&&) = delete;
  PortRelay& operator=(const PortRelay&) = delete;
  PortRelay& operator=(PortRelay&&) = delete;
  unsigned short port() const { return port_; }

 private:
  void relay();

  Fd far_end_;
  Fd listener_;
  unsigned short port_ = 0;
  std::thread thread_;
};

}  // namespace passport::lab
