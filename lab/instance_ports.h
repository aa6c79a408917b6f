// Connections to an instance's ports, for coroutines.
#pragma once
#include <memory>

#include "lab/instance.h"
#include "net/asio.h"

namespace passport::lab {

/// Reads an instance's answers for as long as it lives; the instance must live longer.
class InstancePorts {
 public:
  InstancePorts(const net::asio::any_io_executor& executor, Instance& instance);
  ~InstancePorts();
  InstancePorts(const InstancePorts&) = delete;
  InstancePorts& operator=(const InstancePorts&) = delete;

  /// A connected, non-blocking stream socket. Errors: kUnavailable when the port refuses or the
  /// instance is gone; kTimeout.
  net::Task<Result<Fd>> connect(unsigned short port);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace passport::lab
