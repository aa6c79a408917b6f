// The first process of a lab instance: PID 1 of its namespaces.
#pragma once
#include <span>

namespace passport::lab {

/// The hidden verb `instance-init`: serves the lab's requests on file descriptor 3 until the
/// lab's end closes, then exits, which ends everything in the instance. `arguments` are those
/// after the verb: ID HOSTNAME NETWORK SSHD_CONFIG, where NETWORK is
///   own     its own network namespace: brings lo up, sshd listens
///   shared  namespaces but for the network: one `sshd -i` a connection
///   host    no namespaces: the same, as the current user; nothing is run as root
/// Returns the exit status.
int run_instance_init(std::span<char* const> arguments);

}  // namespace passport::lab
