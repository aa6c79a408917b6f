// A session that carries one connection to a port of the instance.
#pragma once
#include <functional>
#include <memory>

#include "base/result.h"
#include "lab/faults.h"
#include "lab/instance_fd.h"
#include "lab/instance_plugin.h"
#include "net/asio.h"

namespace passport::lab {

/// Gives a connected, non-blocking stream socket to the port of a session.
using PortConnector = std::function<net::Task<Result<Fd>>()>;

/// What the end of the connection means.
enum class PortEnd {
  kEndsSession,  ///< as for AWS-StartSSHSession
  kReconnects,   ///< the next data makes a new one, as for forwards without smux
};

/// As agent/session/plugins/port/port_basic.go. `faults` outlive it.
std::unique_ptr<InstancePlugin> make_port_plugin(InstanceSession& session,
                                                 PortConnector connect_to, PortEnd end,
                                                 const LabFaults& faults);

}  // namespace passport::lab
