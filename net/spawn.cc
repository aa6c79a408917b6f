#include "net/spawn.h"

#include <csignal>
#include <string_view>

#include <spawn.h>
#include <unistd.h>

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

}  // namespace

int spawn(pid_t& pid, Spawn spawn) {
  auto argv = make_list(spawn.words);
  auto added = make_list(spawn.environment);
  for (char** variable = environ; *variable != nullptr; ++variable)
    if (!spawn.bare || std::string_view(*variable).starts_with("PATH="))
      added.insert(added.end() - 1, *variable);
  return SpawnPlan(spawn).run(pid, argv.data(), added.data());
}

}  // namespace passport::net
