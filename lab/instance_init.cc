#include "lab/instance_init.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "lab/instance_channel.h"
#include "lab/instance_dial.h"
#include "lab/instance_job.h"
#include "lab/instance_processes.h"
#include "lab/instance_shell.h"
#include "lab/instance_spawn.h"
#include "lab/port_server.h"

namespace passport::lab {
namespace {

using Time = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

constexpr int kControl = 3;
constexpr unsigned short kSshPort = 22;
constexpr milliseconds kSshdDeadline{5000};
constexpr milliseconds kSshdTick{2};
constexpr milliseconds kIdle{60000};    ///< upper bound of one poll
constexpr std::size_t kMaxInetd = 256;  ///< `sshd -i` at once
constexpr std::size_t kMaxUnsent =
    1024;  ///< answers waiting for room: no more requests are read

enum class Network { kOwn, kShared, kHost };

void complain(const std::string& text) {
  const std::string line = "instance-init: " + text + "\n";
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;
}

class InstanceInit {
 public:
  InstanceInit(Network network, std::string sshd_config)
      : network_(network),
        sshd_config_(std::move(sshd_config)),
        shells_(network == Network::kHost ? "" : kShellUser) {}
  int run();

 private:
  bool prepare();
  bool serve_once();
  bool read_requests(Time now);
  void handle(const InstanceRequest& request, Time now);
  void connect_without_network(const InstanceRequest& request);
  int start_inetd_sshd(int fd);
  int start_port_server(PortService service, Fd fd, int also_close);
  void accept_served();
  void start_sshd(const InstanceRequest& request, Time now);
  void suspend_sshd(bool on);
  void watch_sshd(Time now);
  void reap();
  bool send_answers();
  int poll_timeout(Time now) const;

  Network network_;
  std::string sshd_config_;
  Fd control_{kControl};
  Fd children_;  // signalfd of SIGCHLD
  std::vector<std::pair<PortService, Fd>> listeners_;
  std::set<pid_t> served_;
  std::set<pid_t> inetd_;
  pid_t sshd_ = -1;
  bool suspended_ = false;                                      // every sshd is stopped
  std::optional<std::pair<std::uint32_t, Time>> sshd_awaited_;  // request, deadline
  InstanceDials dials_;
  InstanceJobs jobs_;
  InstanceShells shells_;
  std::vector<InstanceAnswer> new_answers_;
  std::deque<InstanceAnswer> answers_;
};

bool InstanceInit::prepare() {
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child, nullptr);
  static_cast<void>(::signal(SIGPIPE, SIG_IGN));
  children_.reset(::signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!children_ || ::fcntl(kControl, F_SETFD, FD_CLOEXEC) != 0) {
    complain("control socket: " + errno_text(errno));
    return false;
  }
  if (network_ == Network::kHost) ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (network_ != Network::kOwn) return true;
  for (const PortService service : kPortServices) {
    Result<Fd> listener = listen_port(static_cast<unsigned short>(service));
    if (!listener) {
      complain(listener.error().detail);
      return false;
    }
    listeners_.emplace_back(service, std::move(*listener));
  }
  return true;
}

int InstanceInit::run() {
  if (!prepare()) return EX_OSERR;
  answers_.push_back({kHelloId});
  while (serve_once()) {
  }
  // PID 1 takes everything with it; the subreaper of kHost has to do so by hand.
  if (network_ == Network::kHost) kill_descendants();
  return EX_OK;
}

int InstanceInit::poll_timeout(Time now) const {
  Time next = now + kIdle;
  for (const auto& t : {dials_.next_deadline(), jobs_.next_deadline()}) {
    if (t) next = std::min(next, *t);
  }
  if (sshd_awaited_) next = std::min(next, now + kSshdTick);
  const auto left = std::chrono::ceil<milliseconds>(next - now).count();
  return static_cast<int>(std::max<decltype(left)>(left, 0));
}

bool InstanceInit::serve_once() {
  if (!send_answers()) return false;
  std::vector<pollfd> polled;
  const bool congested = answers_.size() >= kMaxUnsent;
  polled.push_back(
      {control_.get(),
       static_cast<short>((congested ? 0 : POLLIN) | (answers_.empty() ? 0 : POLLOUT)), 0});
  polled.push_back({children_.get(), POLLIN, 0});
  if (served_.size() < kMaxServed) {
    for (const auto& [service, fd] : listeners_) polled.push_back({fd.get(), POLLIN, 0});
  }
  dials_.add_poll(polled);
  jobs_.add_poll(polled);
  if (::poll(polled.data(), polled.size(), poll_timeout(std::chrono::steady_clock::now())) <
          0 &&
      errno != EINTR) {
    complain("poll: " + errno_text(errno));
    return false;
  }
  const Time now = std::chrono::steady_clock::now();
  reap();
  if (!congested && !read_requests(now)) return false;
  if ((polled[0].revents & (POLLHUP | POLLERR)) != 0) return false;
  accept_served();
  watch_sshd(now);
  dials_.advance(now, new_answers_);
  jobs_.advance(now, new_answers_);
  std::move(new_answers_.begin(), new_answers_.end(), std::back_inserter(answers_));
  new_answers_.clear();
  return true;
}

bool InstanceInit::send_answers() {
  while (!answers_.empty()) {
    const Result<bool> sent = send_packet(control_.get(), serialize_answer(answers_.front()),
                                          answers_.front().fd.get());
    if (!sent) return false;
    if (!*sent) return true;
    answers_.pop_front();
  }
  return true;
}

bool InstanceInit::read_requests(Time now) {
  for (;;) {
    Result<std::optional<InstancePacket>> packet = receive_packet(control_.get());
    if (!packet) return false;
    if (!*packet) return true;
    const Result<InstanceRequest> request = parse_request((*packet)->bytes);
    if (!request) {
      complain(request.error().detail);
      return false;
    }
    handle(*request, now);
  }
}

void InstanceInit::handle(const InstanceRequest& request, Time now) {
  switch (request.kind) {
    case RequestKind::kConnect:
      if (network_ == Network::kOwn) return dials_.start(request, now, new_answers_);
      return connect_without_network(request);
    case RequestKind::kRun:
      if (network_ != Network::kHost) return jobs_.start(request, now, new_answers_);
      return new_answers_.push_back({request.id, EPERM});
    case RequestKind::kStartSshd:
      return start_sshd(request, now);
    case RequestKind::kSignalSshd:
      suspend_sshd(request.argument == SIGSTOP);
      return new_answers_.push_back({request.id});
    case RequestKind::kStartShell:
      return shells_.start(request, new_answers_);
    case RequestKind::kSignalShell:
      return shells_.signal(request);
  }
}

// One end of a socket pair for the lab, the other for a server of this connection alone.
void InstanceInit::connect_without_network(const InstanceRequest& request) {
  const auto port =
      static_cast<unsigned short>(std::min<std::uint32_t>(request.argument, 65535));
  const std::optional<PortService> service = find_port_service(port);
  if (!service && port != kSshPort) return new_answers_.push_back({request.id, ECONNREFUSED});
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return new_answers_.push_back({request.id, errno});
  }
  Fd ours(ends[0]);
  Fd servers(ends[1]);
  const int error = service ? start_port_server(*service, std::move(servers), ours.get())
                            : start_inetd_sshd(servers.get());
  if (error != 0) return new_answers_.push_back({request.id, error});
  ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
  new_answers_.push_back({request.id, 0, {}, std::move(ours)});
}

int InstanceInit::start_inetd_sshd(int fd) {
  if (inetd_.size() >= kMaxInetd) return EAGAIN;
  const Result<pid_t> child = spawn({.argv = {"/usr/sbin/sshd", "-i", "-e", "-f", sshd_config_},
                                     .fds = {fd, fd, STDERR_FILENO, -1}});
  if (!child) return EAGAIN;
  inetd_.insert(*child);
  if (suspended_) ::kill(*child, SIGSTOP);
  return 0;
}

int InstanceInit::start_port_server(PortService service, Fd fd, int also_close) {
  if (served_.size() >= kMaxServed) return EAGAIN;
  const pid_t init = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return EAGAIN;
  if (child > 0) {
    served_.insert(child);
    return 0;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != init) ::_exit(EX_OK);
  if (also_close >= 0) ::close(also_close);
  ::dup2(fd.get(), STDIN_FILENO);
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
  serve_port(service, STDIN_FILENO);
  ::_exit(EX_OK);
}

void InstanceInit::accept_served() {
  for (const auto& [service, listener] : listeners_) {
    while (served_.size() < kMaxServed) {
      Fd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!fd) break;
      if (start_port_server(service, std::move(fd), -1) != 0) break;
    }
  }
}

void InstanceInit::suspend_sshd(bool on) {
  suspended_ = on;
  const int signal = on ? SIGSTOP : SIGCONT;
  signal_descendants("sshd", signal);
  for (const pid_t pid : inetd_) ::kill(pid, signal);  // stopped before it was sshd, maybe
}

void InstanceInit::start_sshd(const InstanceRequest& request, Time now) {
  if (network_ != Network::kOwn) return new_answers_.push_back({request.id});
  if (sshd_ > 0) return new_answers_.push_back({request.id, EALREADY});
  const Result<pid_t> child = spawn({.argv = {"/usr/sbin/sshd", "-D", "-e", "-f", sshd_config_},
                                     .fds = {-1, -1, STDERR_FILENO, -1}});
  if (!child) return new_answers_.push_back({request.id, EAGAIN});
  sshd_ = *child;
  sshd_awaited_ = {request.id, now + kSshdDeadline};
}

void InstanceInit::watch_sshd(Time now) {
  if (!sshd_awaited_) return;
  const auto [id, deadline] = *sshd_awaited_;
  int error = 0;
  if (sshd_ < 0) {
    error = ECHILD;
  } else if (!is_listening(kSshPort)) {
    if (now < deadline) return;
    error = ETIMEDOUT;
  }
  sshd_awaited_.reset();
  new_answers_.push_back({id, error});
}

void InstanceInit::reap() {
  signalfd_siginfo ignored[16];
  while (::read(children_.get(), ignored, sizeof ignored) > 0) {
  }
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return;
    if (pid == sshd_) sshd_ = -1;
    served_.erase(pid);
    inetd_.erase(pid);
    jobs_.finish(pid, status);
    shells_.finish(pid, status, new_answers_);
  }
}

bool bring_up_loopback() {
  const Fd any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq lo{};
  std::strcpy(lo.ifr_name, "lo");
  if (!any || ::ioctl(any.get(), SIOCGIFFLAGS, &lo) != 0) return false;
  lo.ifr_flags = static_cast<short>(lo.ifr_flags | IFF_UP);
  return ::ioctl(any.get(), SIOCSIFFLAGS, &lo) == 0;
}

// What a script run as the instance's root could do to the machine by accident.
void drop_machine_capabilities() {
  for (const int capability : {CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_TIME, CAP_MKNOD,
                               CAP_SYSLOG, CAP_SYS_ADMIN, CAP_SYS_BOOT, CAP_WAKE_ALARM}) {
    ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
}

std::optional<Network> find_network(std::string_view word) {
  if (word == "own") return Network::kOwn;
  if (word == "shared") return Network::kShared;
  if (word == "host") return Network::kHost;
  return std::nullopt;
}

}  // namespace

int run_instance_init(std::span<char* const> arguments) {
  const std::optional<Network> network =
      arguments.size() == 4 ? find_network(arguments[2]) : std::nullopt;
  if (!network) {
    complain("usage: instance-init ID HOSTNAME own|shared|host SSHD_CONFIG");
    return EX_USAGE;
  }
  const std::string_view hostname = arguments[1];
  if (*network != Network::kHost) {
    if (::sethostname(hostname.data(), hostname.size()) != 0) {
      complain("set hostname: " + errno_text(errno));
      return EX_OSERR;
    }
    if (*network == Network::kOwn && !bring_up_loopback()) {
      complain("bring up lo: " + errno_text(errno));
      return EX_OSERR;
    }
    drop_machine_capabilities();
  }
  return InstanceInit(*network, arguments[3]).run();
}

}  // namespace passport::lab
