#include "client/copy/progress_line.h"

#include <cstdlib>
#include <mutex>
#include <string_view>

#include <unistd.h>

#include "base/log_writer.h"
#include "net/terminal.h"

namespace passport::copy {
namespace {

constexpr std::chrono::milliseconds kGap{200};
constexpr std::size_t kWidth = 80;  // of a terminal that does not know
constexpr std::string_view kTakeBack = "\r\x1b[K";

std::mutex g_mutex;    // NOLINT: of the one line that there is
bool g_shown = false;  // NOLINT: likewise

void write_all(std::string_view text) {
  // A terminal that is gone does not matter.
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

void write_log(std::string_view line) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  write_all((std::exchange(g_shown, false) ? std::string(kTakeBack) : "") + std::string(line));
}

bool can_show() {
  const char* term = std::getenv("TERM");  // NOLINT: before threads
  return net::is_terminal(STDERR_FILENO) && term != nullptr && std::string_view(term) != "dumb";
}

}  // namespace

ProgressLine::ProgressLine(bool quiet) : enabled_(!quiet && can_show()) {
  if (enabled_) set_log_writer(write_log);
}

void ProgressLine::show(Time now, Progress progress) {
  if (!enabled_ || now < next_) return;
  next_ = now + kGap;
  meter_.add(now, progress.fetched);
  progress.rate = meter_.rate();
  const auto size = net::find_terminal_size(STDERR_FILENO);
  const auto line = render_progress(progress, size ? size->cols - 1U : kWidth);
  const std::lock_guard<std::mutex> lock(g_mutex);
  write_all(std::string(kTakeBack) + line);
  g_shown = true;
}

void ProgressLine::clear() {
  const std::lock_guard<std::mutex> lock(g_mutex);
  if (std::exchange(g_shown, false)) write_all(kTakeBack);
}

void ProgressLine::conclude(const std::string& text) {
  clear();
  if (enabled_) write_all(text + "\n");
}

}  // namespace passport::copy
