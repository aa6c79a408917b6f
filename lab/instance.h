// A lab instance: a Linux userland with users and an OpenSSH server of its own, in its
// own namespaces, reached through file descriptors only.
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "lab/instance_fd.h"
#include "lab/instance_protocol.h"

namespace passport::lab {

/// How an instance is kept apart from this machine, best first.
enum class InstanceMode {
  kRootNamespaces,  ///< root: mount, pid, uts, ipc and network namespaces
  kUserNamespaces,  ///< an ordinary user with newuidmap and a subuid range: the same inside a
                    ///< user namespace
  kUserSharedNetwork,  ///< as kUserNamespaces, no network namespace: one `sshd -i` a connection
  kCurrentUser,  ///< no namespaces: `sshd -i` as the current user, who is the only user to log
                 ///< in as
};
std::string_view to_string(InstanceMode mode);

struct InstanceUser {
  std::string name;             ///< [a-z_][a-z0-9_-]{0,31}
  std::string authorized_keys;  ///< text of its authorized_keys file
  std::string shell = "/bin/bash";
  bool sudo = false;  ///< all commands, no password (where sudo is installed)
};

struct InstanceSpec {
  std::string id;        ///< names its directory: [a-z0-9-]{1,40}
  std::string hostname;  ///< [A-Za-z0-9.-]{1,64}
  std::vector<InstanceUser> users;
  std::optional<InstanceMode> mode;  ///< this one only; otherwise the first that works here
};

/// Owns everything of one instance: when it goes, or when the process that started it dies in
/// any way, the instance's processes and mounts are gone too (its init exits when the control
/// socket closes). What stays, for the owner of state_dir to delete, is STATE_DIR/ID: host
/// keys, which a later start() takes up again, and sshd.log.
///
/// It is not a sandbox: root in a kRootNamespaces instance is the machine's root.
///
/// The instance's init re-executes the running program as `PROGRAM instance-init ...`: its
/// main() must hand that verb to run_instance_init() (lab/instance_init.h). Start instances
/// from the main thread: the kernel ties their life to the thread that started them. Reaps its
/// own child only; the program must not wait for any child (-1). Not thread-safe.
class Instance {
 public:
  /// Blocks until sshd listens. Errors: kUsage for a name that cannot be used; kUnavailable
  /// when no mode works; kTimeout.
  static Result<std::unique_ptr<Instance>> start(const InstanceSpec& spec,
                                                 const std::string& state_dir);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance(Instance&&) = delete;
  Instance& operator=(const Instance&) = delete;
  Instance& operator=(Instance&&) = delete;

  const std::string& id() const { return id_; }
  InstanceMode mode() const { return mode_; }
  /// Why better modes were passed over: "MODE: reason; ..."; empty when none was.
  const std::string& passed_over() const { return passed_over_; }
  pid_t pid() const { return init_pid_; }  ///< its init, in this process's pid namespace
  /// Its ssh-ed25519, ecdsa and rsa public keys: "TYPE BASE64", without a comment.
  const std::vector<std::string>& host_public_keys() const { return host_public_keys_; }
  std::string log_path() const { return directory_ + "/sshd.log"; }

  // For an event loop: send a request, wait until control_fd() is readable, then call
  // read_answer() until it gives nullopt. Answers come in any order; each request has one,
  // within its deadline. Errors: kUnavailable when the instance is gone; kTooLarge for a script
  // above kMaxScript.

  int control_fd() const { return control_.get(); }  ///< non-blocking; belongs to the instance
  /// Asks for a connection to PORT of the instance's loopback, within kConnectDeadline.
  Result<std::uint32_t> request_connect(unsigned short port);
  /// Asks to run a sh(1) script as the instance's root. Not in kCurrentUser mode (EPERM).
  Result<std::uint32_t> request_run(std::string script, std::chrono::milliseconds deadline);
  /// Asks for a shell, or for a command: `flags` are kShellTerminal and so on, the answers
  /// those of InstanceShells.
  Result<std::uint32_t> request_shell(std::uint32_t flags, std::string command);
  /// To the shell of that request; not answered.
  Result<void> signal_shell(std::uint32_t id, int signal);
  /// Asks to stop or continue every sshd process, as suspend_sshd() below.
  Result<std::uint32_t> request_suspend_sshd(bool on);
  Result<std::optional<InstanceAnswer>> read_answer();

  // The same, blocking until the answer is there; answers to other requests are kept for
  // read_answer().

  /// A connected, non-blocking stream socket (TCP, or a unix socket pair without a network
  /// namespace), owned by the caller. Errors: kUnavailable when the port refuses.
  Result<Fd> connect(unsigned short port);
  Result<RunOutcome> run(std::string script, std::chrono::milliseconds deadline);

  /// Stops every sshd process (SIGSTOP), those of connections to come too, and lets them go on:
  /// new connections hang before the banner, sessions where they are.
  Result<void> suspend_sshd();
  Result<void> resume_sshd();

 private:
  Instance(std::string id, std::string directory);
  Result<void> launch(const InstanceSpec& spec, InstanceMode mode);
  Result<void> launch_first_that_works(const InstanceSpec& spec);
  Result<void> set_up(const InstanceSpec& spec);
  Result<std::uint32_t> send(InstanceRequest request);
  Result<InstanceAnswer> ask(InstanceRequest request, std::chrono::milliseconds deadline);
  Result<std::optional<InstanceAnswer>> receive();
  Result<void> await_suspended(bool on);
  void stop();

  std::string id_;
  std::string directory_;
  InstanceMode mode_ = InstanceMode::kCurrentUser;
  std::string passed_over_;
  std::vector<std::string> host_public_keys_;
  Fd control_;
  pid_t launcher_ = -1;  // our child: unshare(1), or the init itself in kCurrentUser mode
  pid_t init_pid_ = -1;
  std::uint32_t last_id_ = kHelloId;
  std::deque<InstanceAnswer> kept_;
};

}  // namespace passport::lab
