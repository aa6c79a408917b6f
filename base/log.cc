#include "base/log.h"

#include <cerrno>
#include <string>

#include <unistd.h>

#include "base/exit_code.h"
#include "base/log_writer.h"
#include "base/text.h"

namespace passport {
namespace {

std::string g_tool = "passport";        // NOLINT: set once at start
LogLevel g_level = LogLevel::kNotice;   // NOLINT: set once at start
std::string_view g_newline = "\n";      // NOLINT: of one thread
LogWriter g_writer = nullptr;           // NOLINT: set once at start
constexpr std::size_t kMaxLine = 4096;  // bytes of text a line shows

}  // namespace

void start_log(std::string_view tool, LogLevel level) {
  g_tool = tool;
  g_level = level;
}

void set_log_newline(std::string_view newline) {
  g_newline = newline;
}

void set_log_writer(LogWriter writer) {
  g_writer = writer;
}

bool log_enabled(LogLevel level) {
  return level <= g_level;
}

void log_line(std::string_view text) {
  auto line = g_tool + ": " + escape_for_terminal(text, kMaxLine);
  line += g_newline;
  if (g_writer != nullptr) return g_writer(line);
  // One write, so that lines of several proxies on one terminal do not mix. A closed or full
  // stderr must not end a session: the outcome does not matter.
  while (::write(STDERR_FILENO, line.data(), line.size()) < 0 && errno == EINTR) {
  }
}

int report(const Error& error) {
  log_line(error.detail);
  if (!error.hint.empty()) log_line("hint: " + error.hint);
  return exit_code(error.code);
}

}  // namespace passport
