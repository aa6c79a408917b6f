// Words for whoever started this process, when it was given no standard error to say them on.
#pragma once

namespace passport::net {

/// From now on, if standard error is /dev/null, lines of the log go to the standard error of
/// the process that started this one: ssh with ControlPersist takes it from its ProxyCommand,
/// so that whoever waits for the end of ssh's does not wait for a shared connection. For the
/// same reason it is taken for each line and not kept. Nothing is said when that process is
/// gone, or when its standard error takes nothing at once.
void log_to_parent();

}  // namespace passport::net
