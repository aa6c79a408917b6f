// A session whose agent is the lab's own, in this process, in front of a lab instance.
#pragma once
#include <optional>

#include "lab/gateway_session.h"
#include "lab/instance_plugin.h"
#include "wire/ssm/agent_channel.h"

namespace passport::lab {

/// Has KMS decrypt the data key that a client offers.
using KeyDecrypter = std::function<Result<Secret>(const wire::ssm::KeyOffered&)>;

/// The agent's half of the data channel, its timers and its websocket; what it carries is its
/// plugin's. Nothing is queued between them: a plugin gives bytes only while the channel's
/// window has room, and the websocket is not read while more than kMaxReadable bytes wait for
/// the plugin.
class InstanceSession : public GatewaySession {
 public:
  static constexpr std::size_t kMaxReadable = 1 << 20;

  /// `config` without session_id and clock, which are set here.
  InstanceSession(net::asio::any_io_executor executor, std::string id, SessionHooks hooks,
                  wire::ssm::AgentConfig config, InstancePluginSource make_plugin,
                  KeyDecrypter decrypt_key);
  ~InstanceSession() override;

  void start() override;
  void pause_agent(bool on) override;

  // For the plugin.

  using GatewaySession::executor;
  wire::ssm::AgentChannel& channel() { return channel_; }
  /// Runs a loop of the plugin's; the session and its plugin live until it has ended.
  void spawn(net::Task<void> loop);
  void sent() { wake_client_writer(); }  ///< bytes were given to the channel
  void taken();                          ///< bytes were taken from the channel
  void changed() { timer_.notify(); }    ///< the channel's state or deadlines have changed
  /// The session ends with these words after `delay`, as when the real agent's worker died.
  void fail_after(std::chrono::milliseconds delay, std::string words);

 private:
  void receive_from_client(wire::WebSocketMessage& message) override;
  void flush_from_client() override;
  bool takes_more() const override { return channel_.readable().size() < kMaxReadable; }
  bool next_for_client(wire::WebSocketMessage& out) override;
  void client_attached(bool again) override;
  void on_end() override;

  net::Task<void> run_timers();
  void take_key();
  void give_bytes();
  void rearm();

  InstancePluginSource make_plugin_;
  KeyDecrypter decrypt_key_;
  wire::ssm::AgentChannel channel_;
  std::unique_ptr<InstancePlugin> plugin_;  ///< null until the handshake is complete
  bool connecting_ = false;                 ///< the plugin knows that the port is wanted
  net::Event timer_;  ///< the channel's deadlines have changed, or it wants something
  wire::ssm::Time armed_until_{};
  std::optional<wire::ssm::Time> fails_at_;
  std::string failure_words_;
};

}  // namespace passport::lab
