// An instance's ports and shells, for coroutines.
#pragma once
#include <memory>

#include "lab/instance.h"
#include "net/asio.h"

namespace passport::lab {

/// A shell or command on an instance; killed when this goes. Its descriptors do not block.
class ShellProcess {
 public:
  ~ShellProcess();
  ShellProcess(const ShellProcess&) = delete;
  ShellProcess& operator=(const ShellProcess&) = delete;

  Fd output;  ///< its terminal, or what it writes
  Fd errors;  ///< its standard error, when that was asked to be apart
  void signal(int signal);
  /// Its exit status; nullopt when it has not ended by the deadline.
  net::Task<std::optional<int>> wait(net::Deadline deadline);

 private:
  friend class InstancePorts;
  struct Impl;
  explicit ShellProcess(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

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

  /// Runs a script as the instance's root, who ends it at the deadline. Errors: as connect(),
  /// and kTooLarge.
  net::Task<Result<RunOutcome>> run(std::string script, std::chrono::milliseconds deadline);

  /// A shell, or a command: `flags` are kShellTerminal and so on. Errors: as connect().
  net::Task<Result<std::shared_ptr<ShellProcess>>> start_shell(std::uint32_t flags,
                                                               std::string command);

 private:
  friend class ShellProcess;
  struct Waiting;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace passport::lab
