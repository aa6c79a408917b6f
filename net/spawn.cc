#include "net/spawn.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

extern char** environ;  // POSIX declares it nowhere

namespace passport::net {
namespace {

/// Owns posix_spawn's two sets of instructions.
class SpawnPlan {
 public:
  explicit SpawnPlan(const Spawn& spawn) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_adddup2(&actions_, spawn.input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, spawn.output, STDOUT_FILENO);
    if (spawn.errors >= 0)
      posix_spawn_file_actions_adddup2(&actions_, spawn.errors, STDERR_FILENO);
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setpgroup(&attributes_, 0);
    const int flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                      (spawn.group ? POSIX_SPAWN_SETPGROUP : 0);
    posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  int run(pid_t& pid, char** argv, char** variables) const {
    return posix_spawnp(&pid, argv[0], &actions_, &attributes_, argv, variables);
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

std::vector<char*> make_list(std::vector<std::string>& words) {
  std::vector<char*> out;
  out.reserve(words.size() + 1);
  for (auto& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

bool is_inherited(std::string_view variable, const Spawn& spawn) {
  if (spawn.bare) return variable.starts_with("PATH=");
  const auto name = variable.substr(0, variable.find('=') + 1);
  return std::none_of(spawn.environment.begin(), spawn.environment.end(),
                      [name](const std::string& added) { return added.starts_with(name); });
}

}  // namespace

int spawn(pid_t& pid, Spawn spawn) {
  auto argv = make_list(spawn.words);
  auto added = make_list(spawn.environment);
  for (char** variable = environ; *variable != nullptr; ++variable)
    if (is_inherited(*variable, spawn)) added.insert(added.end() - 1, *variable);
  return SpawnPlan(spawn).run(pid, argv.data(), added.data());
}

Result<int> run_in_front(const std::vector<std::string>& words, int output) {
  // What ctrl-C does is for the program to say, and for the caller to read off its status.
  const auto interrupt = std::signal(SIGINT, SIG_IGN);
  const auto quit = std::signal(SIGQUIT, SIG_IGN);
  pid_t pid = 0;
  const int error = spawn(pid, {words, STDIN_FILENO, output});
  int status = 0;
  while (error == 0 && ::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  std::signal(SIGINT, interrupt);
  std::signal(SIGQUIT, quit);
  if (error != 0) return cannot_run(words[0], error);
  return status;
}

Error become(std::vector<std::string> words) {
  std::signal(SIGPIPE, SIG_DFL);
  const auto argv = make_list(words);
  ::execvp(argv[0], argv.data());
  return cannot_run(words[0], errno);
}

Error cannot_run(const std::string& program, int error) {
  return {Errc::kConfig, "\"" + escape_for_terminal(program, 200) +
                             "\" cannot be run: " + std::strerror(error)};
}

}  // namespace passport::net
