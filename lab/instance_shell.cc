#include "lab/instance_shell.h"

#include <cerrno>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include "lab/instance_spawn.h"
#include "lab/shell_words.h"

namespace passport::lab {
namespace {

/// What the lab keeps of a shell, and what the shell is given as its 0, 1 and 2.
struct Ends {
  Fd output;
  Fd errors;
  Fd child_input;
  Fd child_output;
  Fd child_errors;
};

/// 0 or errno.
int make_pipe(Fd& read_end, Fd& write_end) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno;
  read_end.reset(ends[0]);
  write_end.reset(ends[1]);
  return ::fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 ? 0 : errno;
}

int make_terminal(Ends& ends, const passwd* user) {
  ends.output.reset(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  char name[64];
  if (!ends.output || ::grantpt(ends.output.get()) != 0 || ::unlockpt(ends.output.get()) != 0 ||
      ::ptsname_r(ends.output.get(), name, sizeof name) != 0)
    return errno;
  ends.child_input.reset(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!ends.child_input) return errno;
  if (user != nullptr && ::fchown(ends.child_input.get(), user->pw_uid, gid_t(-1)) != 0)
    return errno;
  return 0;
}

int make_pipes(Ends& ends, bool separate_errors) {
  if (const int error = make_pipe(ends.output, ends.child_output); error != 0) return error;
  return separate_errors ? make_pipe(ends.errors, ends.child_errors) : 0;
}

}  // namespace

std::vector<std::string> InstanceShells::make_command(const std::string& command,
                                                      bool terminal) const {
  std::vector<std::string> argv;
  std::vector<std::string> words{"sh"};
  if (!terminal) {
    const auto split = split_shell_words(command);
    if (!split || split->empty()) return {};
    words = *split;
  } else if (!command.empty()) {
    words.insert(words.end(), {"-c", command});
  }
  if (!user_.empty())
    argv = {"setpriv", "--reuid=" + user_, "--regid=" + user_, "--init-groups", "--"};
  argv.insert(argv.end(), words.begin(), words.end());
  return argv;
}

void InstanceShells::start(const InstanceRequest& request,
                           std::vector<InstanceAnswer>& answers) {
  if (running_.size() >= kMaxShells) return answers.push_back({request.id, EAGAIN});
  const passwd* user = user_.empty() ? ::getpwuid(::geteuid()) : ::getpwnam(user_.c_str());
  if (user == nullptr) return answers.push_back({request.id, ENOENT});
  const bool terminal = (request.argument & kShellTerminal) != 0;
  auto command = make_command(request.script, terminal);
  if (command.empty()) return answers.push_back({request.id, EINVAL});
  Ends ends;
  const int error = terminal ? make_terminal(ends, user_.empty() ? nullptr : user)
                             : make_pipes(ends, (request.argument & kShellSeparateErrors) != 0);
  if (error != 0) return answers.push_back({request.id, error});
  const int input = ends.child_input.get();
  const int output = terminal ? input : ends.child_output.get();
  const Result<pid_t> child =
      spawn({.argv = std::move(command),
             .fds = {input, output, ends.child_errors ? ends.child_errors.get() : output, -1},
             .environment = {std::string("HOME=") + user->pw_dir, "TERM=xterm-256color"},
             .new_session = true,
             .terminal = terminal});
  if (!child) return answers.push_back({request.id, EAGAIN});
  running_[*child] = request.id;
  answers.push_back({request.id, 0, {}, std::move(ends.output)});
  if (ends.errors) answers.push_back({request.id, 0, {}, std::move(ends.errors)});
}

void InstanceShells::signal(const InstanceRequest& request) const {
  for (const auto& [pid, id] : running_) {
    if (id == request.id) ::kill(-pid, static_cast<int>(request.argument));
  }
}

void InstanceShells::finish(pid_t pid, int wait_status, std::vector<InstanceAnswer>& answers) {
  const auto it = running_.find(pid);
  if (it == running_.end()) return;
  InstanceAnswer answer{it->second};
  answer.run.exit_status = exit_status_of(wait_status);
  answers.push_back(std::move(answer));
  running_.erase(it);
}

}  // namespace passport::lab
