// Local ports and sockets as the local side of a session.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/listener.h"
#include "proxy/forward_mode.h"
#include "proxy/forward_spec.h"
#include "proxy/local_side.h"

namespace passport::proxy {

struct ForwardConfig {
  std::vector<ForwardSpec> specs;  ///< to one port of one host
  bool any_user = false;           ///< connections of other users of this machine too
  bool json = false;               ///< how the forwards are told
  /// Of a session that the AWS CLI has started: the forwards are told, and SIGINT ends them, as
  /// by session-manager-plugin, for programs read that. Empty: another.
  std::string plugin_session{};
};

/// Takes connections once the session is open, and tells on standard output where: a line a
/// forward, "127.0.0.1:PORT -> HOST:PORT".
class ForwardSide : public LocalSide {
 public:
  /// Binds everything. Errors: kUnavailable, kDenied.
  static Result<std::unique_ptr<ForwardSide>> listen(const net::asio::any_io_executor& executor,
                                                     ForwardConfig config);
  ~ForwardSide() override;

  void start(Link& link) override;
  bool has_output() const override { return mode_ && mode_->has_output(); }
  void stop() override;
  bool take_signal(int signal) override;
  void on_timer(net::Deadline now) override;
  net::Deadline next_deadline(net::Deadline now) const override;

 private:
  struct Entrance {
    ForwardSpec spec;
    std::unique_ptr<net::Listener> listener;
  };

  explicit ForwardSide(ForwardConfig config) : config_(std::move(config)) {}
  net::Task<void> take();
  net::Task<void> give();
  net::Task<void> accept(net::Listener& listener);
  void open();
  Result<void> check_agent() const;
  void announce() const;
  bool admits(int socket);
  std::string remote() const { return describe_remote(config_.specs.front()); }

  ForwardConfig config_;
  std::vector<Entrance> entrances_;
  Link* link_ = nullptr;
  std::unique_ptr<ForwardMode> mode_;         ///< null until the session is open
  std::optional<net::Deadline> close_until_;  ///< the channel has closed
  net::Deadline refusal_told_{};
};

}  // namespace passport::proxy
