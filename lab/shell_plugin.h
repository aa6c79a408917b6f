// A session that runs a shell or a command on the instance.
#pragma once
#include <functional>
#include <memory>

#include "base/result.h"
#include "lab/instance_plugin.h"
#include "lab/instance_ports.h"
#include "lab/shell_document.h"
#include "net/asio.h"

namespace passport::lab {

/// As InstancePorts::start_shell.
using ShellDialer = std::function<net::Task<Result<std::shared_ptr<ShellProcess>>>(
    std::uint32_t flags, std::string command)>;

/// As agent/session/shell/shell.go: a command without a terminal is given no input but ctrl-C
/// and ctrl-\, as signals. The client is told the exit code where standard error is apart.
std::unique_ptr<InstancePlugin> make_shell_plugin(InstanceSession& session, ShellDialer dial,
                                                  ShellSession shell);

}  // namespace passport::lab
