// Inside an instance: what /proc says about processes and listeners.
#pragma once
#include <string_view>

namespace passport::lab {

/// Whether a TCP socket listens on the port of 127.0.0.1 in this network namespace.
bool is_listening(unsigned short port);

/// Sends the signal to each descendant of this process whose program is named so; how many.
unsigned signal_descendants(std::string_view program, int signal);

/// Kills this process's children, and theirs as they become its own (PR_SET_CHILD_SUBREAPER),
/// until there are none or two seconds have passed.
void kill_descendants();

}  // namespace passport::lab
