// What a process that holds private keys does with its own memory.
#pragma once

namespace passport::keyagent {

/// Before libcrypto is used at all: it wipes all that it frees, and has a heap for secrets that
/// is not swapped out and not in core dumps. False when that heap could not be locked into
/// memory (the limit of `ulimit -l` is too low), or libcrypto was used already.
bool guard_own_memory();

/// Overwrites what returned functions left of the stack, and vector registers.
void wipe_stack();

}  // namespace passport::keyagent
