// What a process that holds secrets does first.
#pragma once

namespace passport::net {

/// No core dump of this process or its children, and no other process of the same user may
/// read its memory.
void forbid_core_dumps();

}  // namespace passport::net
