// Child processes with exact file descriptors and a clean environment.
#pragma once
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "lab/instance_fd.h"

namespace passport::lab {

inline constexpr const char* kSystemPath =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct Spawn {
  std::vector<std::string> argv;           ///< argv[0] is looked up in kSystemPath
  std::array<int, 4> fds{-1, -1, -1, -1};  ///< the child's 0 to 3; -1: /dev/null, for 3: closed
  std::vector<std::string> environment{};  ///< "NAME=value", beside kSystemPath and LANG
  bool new_session = false;                ///< setsid(2), so that the whole group can be killed
  bool terminal = false;  ///< descriptor 0 is the new session's controlling terminal
  int death_signal = 0;   ///< sent to the child when this thread ends; 0: none
};

/// Starts it with every other descriptor closed and signals at their defaults. A program that
/// cannot be executed ends with status 127 and a line on its standard error.
Result<pid_t> spawn(const Spawn& what);

/// Readable once the process has ended; empty when there is no such process.
Fd open_pidfd(pid_t pid);

/// Exit status of a child, 128 + signal when a signal ended it; nullopt when it still runs
/// after `within`. -1 when it is no child of ours.
std::optional<int> wait_for_child(pid_t pid, std::chrono::milliseconds within);

/// An unnamed file with this text, for a child to read from its start; empty on failure.
Fd make_memory_file(std::string_view text);

/// From a wait(2) status: the exit status, or 128 + signal.
int exit_status_of(int wait_status);

}  // namespace passport::lab
