#include "net/terminal.h"

#include <csignal>

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"

namespace passport::net {
namespace {

constexpr int kFatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

// What a fatal signal restores; in use while g_descriptor is not -1.
volatile std::sig_atomic_t g_descriptor = -1;
termios g_saved;  // NOLINT: written while g_descriptor is -1

void restore_and_die(int signal) {
  if (g_descriptor >= 0) ::tcsetattr(g_descriptor, TCSANOW, &g_saved);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void watch(int signal) {
  struct sigaction now {};
  // A sanitizer's own handler stays, and what a tool does with the signal itself.
  if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_DFL)
    std::signal(signal, restore_and_die);
}

termios make_raw(termios mode) {
  mode.c_iflag |= IGNPAR;
  mode.c_iflag &= ~tcflag_t(ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXANY | IXOFF | IUCLC);
  mode.c_lflag &= ~tcflag_t(ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHONL | IEXTEN);
  mode.c_oflag &= ~tcflag_t(OPOST);
  mode.c_cc[VMIN] = 1;
  mode.c_cc[VTIME] = 0;
  return mode;
}

}  // namespace

void guard_terminal_mode(int descriptor, const termios& mode, std::initializer_list<int> also) {
  g_saved = mode;
  g_descriptor = descriptor;
  for (const int signal : kFatal) watch(signal);
  for (const int signal : also) watch(signal);
}

void unguard_terminal_mode() {
  g_descriptor = -1;
}

bool is_terminal(int descriptor) {
  return ::isatty(descriptor) == 1;
}

std::optional<wire::ssm::TerminalSize> find_terminal_size(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
    return std::nullopt;
  return wire::ssm::TerminalSize{size.ws_col, size.ws_row};
}

/// To change the mode from the background would stop this process (SIGTTOU), and disturb whose
/// the terminal is.
bool RawTerminal::in_background() const {
  const auto group = ::tcgetpgrp(descriptor_);
  return group >= 0 && group != ::getpgrp();
}

void RawTerminal::enter() {
  termios now{};
  if (::tcgetpgrp(descriptor_) < 0 || in_background() || ::tcgetattr(descriptor_, &now) != 0)
    return;
  if (!saved_) {
    saved_ = now;
    guard_terminal_mode(descriptor_, now);
  }
  const auto raw = make_raw(*saved_);
  if (::tcsetattr(descriptor_, TCSANOW, &raw) != 0) return leave();
  set_log_newline("\r\n");
}

void RawTerminal::leave() {
  if (!saved_) return;
  // Also when it is not our terminal any more, because who led its session is gone.
  if (!in_background()) ::tcsetattr(descriptor_, TCSANOW, &*saved_);
  unguard_terminal_mode();
  saved_.reset();
  set_log_newline("\n");
}

}  // namespace passport::net
