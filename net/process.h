// What a process does to itself first.
#pragma once

namespace passport::net {

/// No core dump of this process or its children, and no other process of the same user may
/// read its memory.
void forbid_core_dumps();

/// As many descriptors as the hard limit allows: each connection of a forward takes one.
void raise_descriptor_limit();

/// This process gets `signal` when the one that started it ends.
void end_with_parent(int signal);

}  // namespace passport::net
