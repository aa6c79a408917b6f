// A ProxyCommand under way: its process, what it says, and the deadline of whoever uses it.
#pragma once
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include <sys/types.h>

#include "api/agent_relay.h"
#include "base/result.h"

namespace passport::api {

/// The bytes go through a socket that a library reads and writes as it likes, blocking. A
/// thread of this class's ends that at the deadline: it shuts the socket down. The thread
/// serves the relay meanwhile, which the library asks while it logs in.
class Tunnel {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kEndPatience{3};  ///< before it is killed
  static constexpr std::size_t kMaxWords = 4096;          ///< bytes that it says

  /// Errors: kUnavailable.
  static Result<std::unique_ptr<Tunnel>> start(const std::string& command,
                                               std::unique_ptr<AgentRelay> relay);
  ~Tunnel();
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;

  /// The socket, the caller's from now on.
  int take_socket() { return socket_.release(); }
  AgentRelay& relay() { return *relay_; }

  // From any thread.

  /// Whoever waits for the socket after this time finds it at its end.
  void expire_at(Time deadline);
  bool expired() const { return expired_; }
  /// expire_at(now), without expired().
  void interrupt();

  struct End {
    int status = 0;          ///< as of waitpid(2)
    bool by_itself = false;  ///< it was not asked to end
    std::string words{};     ///< the first kMaxWords bytes of its standard error
  };
  /// Ends the process, as ssh does by SIGHUP, unless it ends by itself within `grace`.
  const End& end(std::chrono::milliseconds grace);

 private:
  explicit Tunnel(std::unique_ptr<AgentRelay> relay) : relay_(std::move(relay)) {}
  void keep();
  void wake();
  void read_words();
  bool wait_for_end(std::chrono::milliseconds patience);

  std::unique_ptr<AgentRelay> relay_;
  net::Fd socket_;  ///< for the library
  net::Fd own_;     ///< the same socket, to shut it down
  net::Fd errors_;  ///< the process's standard error
  net::Fd wake_;    ///< an eventfd
  pid_t pid_ = 0;   ///< 0: it has ended
  End end_;
  std::atomic<Time::rep> deadline_ = Time::max().time_since_epoch().count();
  std::atomic<bool> expired_ = false;
  std::atomic<bool> over_ = false;
  std::thread keeper_;
};

/// The last words of a tunnel that failed, and the hint after them; what it was that failed is
/// told by its exit status, as passport-proxy(1) has them. Pure.
Error explain_tunnel_end(const Tunnel::End& end);

}  // namespace passport::api
