#include "client/fzf.h"

#include <algorithm>

#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "client/style.h"
#include "net/command.h"

namespace passport::client {
namespace {

constexpr std::chrono::hours kPatience{1};
// Of fzf(1).
constexpr int kNoMatch = 1;
constexpr int kInterrupted = 130;

/// The terminal's mode as it was, also when fzf is killed.
class ModeKeeper {
 public:
  ModeKeeper() : known_(::tcgetattr(STDERR_FILENO, &mode_) == 0) {}
  ~ModeKeeper() {
    if (known_) ::tcsetattr(STDERR_FILENO, TCSADRAIN, &mode_);
  }
  ModeKeeper(const ModeKeeper&) = delete;
  ModeKeeper& operator=(const ModeKeeper&) = delete;

 private:
  termios mode_{};
  bool known_;
};

net::Command make_command(const std::vector<std::string>& lines, const std::string& query) {
  net::Command out;
  out.words = {"fzf",       "--height=50%",        "--layout=reverse", "--no-multi",
               "--no-sort", "--prompt=instance> ", "--query=" + query};
  if (!style_for(STDERR_FILENO, Colour::kAuto).colour) out.words.emplace_back("--color=bw");
  // Neither previews nor keys that run something: the lines have names that others chose.
  out.environment = {"FZF_DEFAULT_OPTS=", "FZF_DEFAULT_OPTS_FILE="};
  for (const auto& line : lines) out.input += line + "\n";
  return out;
}

}  // namespace

net::Task<Result<std::optional<std::size_t>>> pick_by_fzf(std::vector<std::string> lines,
                                                          std::string query) {
  const Error useless{Errc::kUnavailable, "fzf cannot be used here"};
  const ModeKeeper mode;
  auto running = net::run_command(make_command(lines, query), net::deadline_in(kPatience));
  auto end = co_await std::move(running);
  if (!end || !WIFEXITED(end->status)) co_return useless;
  const int status = WEXITSTATUS(end->status);
  if (status == kNoMatch || status == kInterrupted) co_return std::optional<std::size_t>();
  auto& said = end->output;
  said.resize(std::min(said.find('\n'), said.size()));
  const auto at = std::find(lines.begin(), lines.end(), said);
  if (status != 0 || at == lines.end()) co_return useless;
  co_return std::optional(static_cast<std::size_t>(at - lines.begin()));
}

}  // namespace passport::client
