// A session that carries many connections to one port, over smux.
#pragma once
#include <memory>

#include "lab/port_plugin.h"

namespace passport::lab {

/// As agent/session/plugins/port/port_mux.go: connections are made one after the other, one
/// that cannot be made is told with a ConnectToPortError flag and the end of its stream, and
/// the end of either direction closes both.
std::unique_ptr<InstancePlugin> make_mux_plugin(InstanceSession& session,
                                                PortConnector connect_to);

}  // namespace passport::lab
