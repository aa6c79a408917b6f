#include "lab/instance.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "lab/instance_channel.h"
#include "lab/instance_files.h"
#include "lab/instance_root_script.h"
#include "lab/instance_setup.h"
#include "lab/instance_spawn.h"

namespace passport::lab {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kHelloDeadline{10000};
constexpr milliseconds kSetupDeadline{30000};
constexpr milliseconds kSendDeadline{1000};
constexpr milliseconds kStopDeadline{3000};
constexpr milliseconds kGrace{1000};  ///< beyond the deadline that the init itself keeps

constexpr InstanceMode kModes[] = {InstanceMode::kRootNamespaces, InstanceMode::kUserNamespaces,
                                   InstanceMode::kUserSharedNetwork,
                                   InstanceMode::kCurrentUser};

bool wait_until_ready(int fd, short events, Clock::time_point until) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
    pollfd one{fd, events, 0};
    const int n = ::poll(&one, 1, left > 0 ? static_cast<int>(left) : 0);
    if (n > 0) return true;
    if (n == 0 || errno != EINTR) return false;
  }
}

// The root's script comes on standard input: its text would fill every process listing.
std::vector<std::string> launch_command(const InstanceSpec& spec, InstanceMode mode,
                                        const std::string& directory,
                                        const std::string& program) {
  if (mode == InstanceMode::kCurrentUser) {
    return {program,       "instance-init", spec.id,
            spec.hostname, "host",          directory + "/sshd_config"};
  }
  std::vector<std::string> argv{"unshare", "--mount", "--pid",       "--uts",
                                "--ipc",   "--fork",  "--kill-child"};
  if (mode != InstanceMode::kRootNamespaces)
    argv.insert(argv.end(), {"--map-root-user", "--map-auto"});
  const bool own_network = mode != InstanceMode::kUserSharedNetwork;
  if (own_network) argv.emplace_back("--net");
  argv.insert(argv.end(), {"--", "sh", "/dev/fd/0", directory + "/root", program, spec.id,
                           spec.hostname, own_network ? "own" : "shared"});
  return argv;
}

std::string current_user_name() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry == nullptr ? "" : entry->pw_name;
}

/// The last line of the log from `start` on.
std::string last_words(const std::string& log, off_t start) {
  Result<std::string> text = read_file(log);
  if (!text || static_cast<std::size_t>(start) >= text->size()) return "no message";
  std::string said = text->substr(static_cast<std::size_t>(start));
  while (!said.empty() && said.back() == '\n') said.pop_back();
  const std::size_t line = said.rfind('\n');
  return escape_for_terminal(line == std::string::npos ? said : said.substr(line + 1), 200);
}

}  // namespace

std::string_view to_string(InstanceMode mode) {
  switch (mode) {
    case InstanceMode::kRootNamespaces:
      return "root-namespaces";
    case InstanceMode::kUserNamespaces:
      return "user-namespaces";
    case InstanceMode::kUserSharedNetwork:
      return "user-namespaces-shared-network";
    case InstanceMode::kCurrentUser:
      return "current-user";
  }
  return "?";
}

Instance::Instance(std::string id, std::string directory)
    : id_(std::move(id)), directory_(std::move(directory)) {}

Instance::~Instance() {
  stop();
}

Result<std::unique_ptr<Instance>> Instance::start(const InstanceSpec& spec,
                                                  const std::string& state_dir) {
  if (auto checked = check_instance_spec(spec); !checked) return checked.error();
  std::error_code failed;
  const std::string base = std::filesystem::absolute(state_dir, failed).string();
  if (failed) return Error{Errc::kUnavailable, state_dir + ": " + failed.message()};
  std::unique_ptr<Instance> instance(new Instance(spec.id, base + "/" + spec.id));
  if (auto made = make_directory(instance->directory_); !made) return made.error();
  Result<HostKeyMaking> keys = HostKeyMaking::start(instance->directory_);
  if (!keys) return keys.error();
  const Result<void> launched = instance->launch_first_that_works(spec);
  if (auto made = keys->finish(); !made) return made.error();
  if (!launched) return launched.error();
  if (auto done = instance->set_up(spec); !done) return done.error();
  return instance;
}

Result<void> Instance::launch_first_that_works(const InstanceSpec& spec) {
  for (const InstanceMode mode : kModes) {
    if (spec.mode ? mode != *spec.mode
                  : (mode == InstanceMode::kRootNamespaces && ::geteuid() != 0)) {
      continue;
    }
    const Result<void> launched = launch(spec, mode);
    if (launched) return {};
    stop();
    if (!passed_over_.empty()) passed_over_ += "; ";
    passed_over_ += fmt::format("{}: {}", to_string(mode), launched.error().detail);
  }
  return Error{Errc::kUnavailable, "instance " + id_ + ": " + passed_over_};
}

Result<void> Instance::launch(const InstanceSpec& spec, InstanceMode mode) {
  std::error_code failed;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe", failed).string();
  if (failed) return Error{Errc::kUnavailable, "/proc/self/exe: " + failed.message()};
  const Fd log(::open(log_path().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!log) return Error{Errc::kUnavailable, log_path() + ": " + errno_text(errno)};
  const off_t log_start = ::lseek(log.get(), 0, SEEK_END);
  if (auto made = make_directory(directory_ + "/root"); !made) return made;
  const Fd script = make_memory_file(kInstanceRootScript);
  if (!script) return Error{Errc::kUnavailable, "memory file: " + errno_text(errno)};
  auto channel = make_instance_channel();
  if (!channel) return channel.error();
  // The init of kCurrentUser has to clean up after itself when we die: it sees the socket
  // close.
  const int death_signal = mode == InstanceMode::kCurrentUser ? 0 : SIGKILL;
  const Result<pid_t> child =
      spawn({.argv = launch_command(spec, mode, directory_, program),
             .fds = {script.get(), log.get(), log.get(), channel->second.get()},
             .death_signal = death_signal});
  if (!child) return child.error();
  launcher_ = *child;
  mode_ = mode;
  control_ = std::move(channel->first);
  channel->second.reset();
  if (!wait_until_ready(control_.get(), POLLIN, Clock::now() + kHelloDeadline)) {
    return Error{Errc::kTimeout, "init did not come up"};
  }
  const auto packet = receive_packet(control_.get());
  if (!packet || !*packet) {
    return Error{Errc::kUnavailable, last_words(log_path(), log_start)};
  }
  const Result<InstanceAnswer> hello = parse_answer((*packet)->bytes);
  if (!hello || hello->id != kHelloId) return Error{Errc::kProtocol, "init said no hello"};
  init_pid_ = (*packet)->sender;
  return {};
}

Result<void> Instance::set_up(const InstanceSpec& spec) {
  Result<std::vector<std::string>> public_keys = load_host_public_keys(directory_);
  if (!public_keys) return public_keys.error();
  host_public_keys_ = std::move(*public_keys);
  if (mode_ == InstanceMode::kCurrentUser) {
    // Where sshd confines itself when it is root; the system's own service makes it too.
    if (::geteuid() == 0 && ::mkdir("/run/sshd", 0755) != 0 && errno != EEXIST) {
      return Error{Errc::kUnavailable, "/run/sshd: " + errno_text(errno)};
    }
    std::string authorized;
    for (const InstanceUser& user : spec.users) {
      if (user.name == current_user_name()) authorized += user.authorized_keys + "\n";
    }
    if (auto done = write_file(directory_ + "/authorized_keys", authorized, 0600); !done)
      return done;
    return write_file(directory_ + "/sshd_config", render_current_user_sshd_config(directory_),
                      0600);
  }
  const Result<std::vector<HostKey>> keys = load_host_keys(directory_);
  if (!keys) return keys.error();
  const Result<RunOutcome> outcome = run(render_setup_script(spec, *keys), kSetupDeadline);
  if (!outcome) return outcome.error();
  if (outcome->exit_status != 0) {
    return Error{Errc::kUnavailable,
                 fmt::format("instance {}: setup: {}", id_,
                             escape_for_terminal(outcome->standard_error, 200))};
  }
  const auto started = ask({.kind = RequestKind::kStartSshd}, kHelloDeadline);
  if (!started) return started.error();
  if (started->error != 0) {
    return Error{Errc::kUnavailable,
                 fmt::format("instance {}: sshd: {}", id_, last_words(log_path(), 0))};
  }
  return {};
}

Result<std::uint32_t> Instance::send(InstanceRequest request) {
  if (request.script.size() > kMaxScript) {
    return Error{Errc::kTooLarge,
                 fmt::format("instance {}: script of {} bytes", id_, request.script.size())};
  }
  if (request.id == kHelloId) {
    if (++last_id_ == kHelloId) ++last_id_;
    request.id = last_id_;
  }
  const Bytes bytes = serialize_request(request);
  const auto until = Clock::now() + kSendDeadline;
  for (;;) {
    const Result<bool> sent = send_packet(control_.get(), bytes);
    if (!sent) return sent.error();
    if (*sent) return request.id;
    if (!wait_until_ready(control_.get(), POLLOUT, until)) {
      return Error{Errc::kTimeout, "instance " + id_ + ": its init does not take requests"};
    }
  }
}

Result<std::uint32_t> Instance::request_connect(unsigned short port) {
  return send({.kind = RequestKind::kConnect, .argument = port});
}

Result<std::uint32_t> Instance::request_run(std::string script, milliseconds deadline) {
  const auto bounded = std::clamp<milliseconds::rep>(deadline.count(), 0, UINT32_MAX);
  return send({.kind = RequestKind::kRun,
               .argument = static_cast<std::uint32_t>(bounded),
               .script = std::move(script)});
}

Result<std::uint32_t> Instance::request_shell(std::uint32_t flags, std::string command) {
  return send(
      {.kind = RequestKind::kStartShell, .argument = flags, .script = std::move(command)});
}

Result<void> Instance::signal_shell(std::uint32_t id, int signal) {
  const auto sent = send({.id = id,
                          .kind = RequestKind::kSignalShell,
                          .argument = static_cast<std::uint32_t>(signal)});
  return sent ? Result<void>() : sent.error();
}

Result<std::optional<InstanceAnswer>> Instance::receive() {
  auto packet = receive_packet(control_.get());
  if (!packet) return packet.error();
  if (!*packet) return std::optional<InstanceAnswer>();
  Result<InstanceAnswer> answer = parse_answer((*packet)->bytes);
  if (!answer) return answer.error();
  answer->fd = std::move((*packet)->passed);
  return std::optional(std::move(*answer));
}

Result<std::optional<InstanceAnswer>> Instance::read_answer() {
  if (kept_.empty()) return receive();
  std::optional<InstanceAnswer> first(std::move(kept_.front()));
  kept_.pop_front();
  return first;
}

Result<InstanceAnswer> Instance::ask(InstanceRequest request, milliseconds deadline) {
  const Result<std::uint32_t> id = send(std::move(request));
  if (!id) return id.error();
  const auto until = Clock::now() + deadline;
  for (;;) {
    auto answer = receive();
    if (!answer) return answer.error();
    if (*answer && (*answer)->id == *id) return std::move(**answer);
    if (*answer) {
      kept_.push_back(std::move(**answer));
    } else if (!wait_until_ready(control_.get(), POLLIN, until)) {
      return Error{Errc::kTimeout, "instance " + id_ + ": its init does not answer"};
    }
  }
}

Result<Fd> Instance::connect(unsigned short port) {
  auto answer =
      ask({.kind = RequestKind::kConnect, .argument = port}, kConnectDeadline + kGrace);
  if (!answer) return answer.error();
  if (answer->error == 0 && answer->fd) return std::move(answer->fd);
  return Error{answer->error == ETIMEDOUT ? Errc::kTimeout : Errc::kUnavailable,
               fmt::format("instance {}: port {}: {}", id_, port, errno_text(answer->error))};
}

Result<RunOutcome> Instance::run(std::string script, milliseconds deadline) {
  const auto bounded = std::clamp<milliseconds::rep>(deadline.count(), 0, UINT32_MAX);
  auto answer = ask({.kind = RequestKind::kRun,
                     .argument = static_cast<std::uint32_t>(bounded),
                     .script = std::move(script)},
                    deadline + kGrace);
  if (!answer) return answer.error();
  if (answer->error == 0) return std::move(answer->run);
  return Error{answer->error == EPERM ? Errc::kDenied : Errc::kUnavailable,
               fmt::format("instance {}: run: {}", id_, errno_text(answer->error))};
}

namespace {

InstanceRequest make_suspend_request(bool on) {
  const int signal = on ? SIGSTOP : SIGCONT;
  return {.kind = RequestKind::kSignalSshd, .argument = static_cast<std::uint32_t>(signal)};
}

}  // namespace

Result<std::uint32_t> Instance::request_suspend_sshd(bool on) {
  return send(make_suspend_request(on));
}

Result<void> Instance::await_suspended(bool on) {
  const auto answer = ask(make_suspend_request(on), kGrace);
  if (!answer) return answer.error();
  return {};
}

Result<void> Instance::suspend_sshd() {
  return await_suspended(true);
}
Result<void> Instance::resume_sshd() {
  return await_suspended(false);
}

void Instance::stop() {
  control_.reset();
  kept_.clear();
  if (launcher_ > 0 && !wait_for_child(launcher_, kStopDeadline)) {
    ::kill(launcher_, SIGKILL);
    wait_for_child(launcher_, kStopDeadline);
  }
  launcher_ = -1;
  init_pid_ = -1;
  ::rmdir((directory_ + "/root").c_str());
}

}  // namespace passport::lab
