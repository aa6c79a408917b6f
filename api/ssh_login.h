// A login on an instance, with libssh as the client, through a ProxyCommand.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"

struct ssh_session_struct;

namespace passport::api {

class Tunnel;

struct SshTarget {
  std::string proxy_command{};  ///< for /bin/sh; its tokens have been put in
  std::string host_key_name{};  ///< the server's in known_hosts
  std::string known_hosts{};    ///< path; no other file counts
  std::string user{};
  std::string agent_socket{};  ///< who signs
  std::vector<std::string>
      certificate_files{};  ///< public; the best first; no others are tried
  bool compress = false;
};

/// What did not succeed.
enum class SshStep {
  kTunnel,   ///< nothing speaks SSH at its other end; the error is in the proxy's own words
  kHostKey,  ///< the server's is not the pinned one: kProtocol
  kLogin,  ///< no certificate to offer, none accepted (kDenied), none that the agent signs for
};
struct SshFailure {
  SshStep step = SshStep::kTunnel;
  /// kTimeout, whatever the step, when the deadline passed. Without the name of the instance.
  Error error{Errc::kInternal, ""};
};

/// All of it blocks, and ends at the deadline, at the latest. For one thread at a time, each
/// its own. SIGPIPE must be ignored.
class SshLogin {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Null when it failed. A request to stop ends any wait of the login's, now and later.
  static std::unique_ptr<SshLogin> open(const SshTarget& target, Time deadline,
                                        SshFailure& failure, std::stop_token stop = {});
  /// Ends the session and the proxy; takes 3 s at most.
  ~SshLogin();
  SshLogin(const SshLogin&) = delete;
  SshLogin& operator=(const SshLogin&) = delete;

  /// For libssh's calls, in blocking mode.
  ssh_session_struct* session() const { return session_; }
  /// What is waited for from now on fails at this time; that ends the session. The deadline of
  /// open() until it is called.
  void expire_at(Time deadline);
  bool expired() const;
  /// What the proxy said, when it has ended by itself and so broke the session; else libssh's
  /// words. Ends the session.
  Error explain_end();

 private:
  SshLogin(std::unique_ptr<Tunnel> tunnel, std::stop_token stop);
  bool connect(const SshTarget& target, Time deadline, SshFailure& failure);
  bool check_host_key(SshFailure& failure);
  bool authenticate(const SshTarget& target, SshFailure& failure);
  Error explain(const char* timeout_words);

  std::unique_ptr<Tunnel> tunnel_;
  std::stop_token stop_;
  ssh_session_struct* session_ = nullptr;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
};

}  // namespace passport::api
