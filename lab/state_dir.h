// The lab's state directory: its files, and the lock that says that a lab is up.
#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "base/result.h"
#include "lab/instance_fd.h"

namespace passport::lab {

/// Makes the directory, and those above it, with mode 0700 when it is not there; true when it
/// was made. Errors: kConfig when it is no directory, another user's, or writable for others.
Result<bool> make_state_dir(const std::string& path);

/// An open lab.pid, locked by the process that runs the lab for as long as it lives.
struct LabLock {
  Fd fd{};
  bool held = false;  ///< by us; false: a lab is up
};
/// Errors: kUnavailable.
Result<LabLock> open_lock(const std::string& state_dir);
/// The same where the file is there; a LabLock without fd when it is not.
Result<LabLock> open_existing_lock(const std::string& state_dir);
/// Waits until the lab that holds the lock is gone; false when it is not gone by then.
bool wait_for_lock(LabLock& lock, std::chrono::milliseconds within);
/// True while the path still leads to the lock's file: a lab that ends removes it, and another
/// may have begun.
bool is_current(const std::string& state_dir, const LabLock& lock);
void write_pid(const LabLock& lock, pid_t pid);
/// 0 when there is none.
pid_t read_pid(const LabLock& lock);

/// Replaces a file of the directory at once, mode 0600. Errors: kUnavailable.
Result<void> save_file(const std::string& path, std::string_view text);
/// Errors: kNotFound; kTooLarge above 1 MiB.
Result<std::string> load_file(const std::string& path);

/// Removes everything that a lab makes in the directory, the lock last, and the directory
/// itself when `with_directory` and nothing else is in it.
void remove_state(const std::string& state_dir, bool with_directory);

}  // namespace passport::lab
