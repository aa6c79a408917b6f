// The terminal that a session's user sits at: its size, and its raw mode.
#pragma once
#include <initializer_list>
#include <optional>

#include <termios.h>

#include "wire/ssm/payloads.h"

namespace passport::net {

bool is_terminal(int descriptor);

/// In characters; nullopt when it is no terminal, or one that does not know.
std::optional<wire::ssm::TerminalSize> find_terminal_size(int descriptor);

/// The mode of one terminal that this process changes, put back first when a signal that has
/// its default action ends it. `also`: signals besides SIGSEGV, SIGABRT and the like. One at a
/// time.
void guard_terminal_mode(int descriptor, const termios& mode,
                         std::initializer_list<int> also = {});
void unguard_terminal_mode();

/// Raw mode of one terminal: every key as it is typed, and output untouched. It never outlives
/// the process but for SIGKILL: who ends it in an orderly way destroys this, and a fatal signal
/// (SIGSEGV, SIGABRT and the like) restores the terminal first. One at a time.
class RawTerminal {
 public:
  explicit RawTerminal(int descriptor) : descriptor_(descriptor) {}
  ~RawTerminal() { leave(); }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

  /// Nothing happens when it is not this process's terminal, or another job's now. Call it
  /// again when this process was stopped and continues.
  void enter();
  void leave();
  bool entered() const { return saved_.has_value(); }

 private:
  bool in_background() const;

  int descriptor_;
  std::optional<termios> saved_;
};

}  // namespace passport::net
