// The far side of a session: its data channel, over one websocket after another.
#pragma once
#include <array>
#include <functional>
#include <memory>
#include <optional>

#include "base/result.h"
#include "base/secret.h"
#include "net/event.h"
#include "net/websocket.h"
#include "proxy/link_end.h"
#include "proxy/local_side.h"
#include "proxy/outage.h"
#include "wire/ssm/client_channel.h"

namespace passport::proxy {

/// An open websocket, and the token that opens the session on it.
struct Connection {
  std::shared_ptr<net::WebSocket> websocket;
  Secret token;
};

/// Makes a new connection to the same session. `renew`: with credentials read anew, because the
/// last ones were refused. Errors: kNotFound when there is no such session any more; else as
/// Outage::judge() takes them.
using Reconnect =
    std::function<net::Task<Result<Connection>>(bool renew, net::Deadline deadline)>;

/// Called once when the agent wants the session encrypted, from within run(): gets a data key,
/// then calls provide_key() or end().
using KeyRequest = std::function<void(const wire::ssm::KeyWanted&)>;

struct LinkConfig {
  std::chrono::seconds resume_for{600};  ///< how long an outage may last; 0: never resume
  std::chrono::milliseconds ping_every{30000};  ///< of silence
  std::chrono::milliseconds dead_after{45000};  ///< of silence
};

/// Carries a channel until one side ends. A connection that breaks, or on which nothing was
/// heard for dead_after, is replaced: what is unacknowledged goes out again, and the local side
/// notices nothing. The peer's end: what came before is delivered, then run() returns. Memory:
/// at most kMaxReadable bytes wait for the local side; beyond that the websocket is not read.
class Link {
 public:
  static constexpr std::size_t kMaxReadable = 256 << 10;  ///< bytes
  static constexpr std::chrono::seconds kAttemptTime{15};
  /// How long the answer to a ping may take when this machine has slept.
  static constexpr std::chrono::seconds kProbeTime{5};

  Link(net::asio::any_io_executor executor, wire::ssm::ClientChannel& channel,
       Reconnect reconnect, LinkConfig config = {});

  /// Ends when a side ends; then asks the agent to end its session where there still is one.
  net::Task<LinkEnd> run(std::shared_ptr<net::WebSocket> first, LocalSide& local);

  void on_key_wanted(KeyRequest request) { key_request_ = std::move(request); }
  void provide_key(const wire::DataKey& key);

  /// A signal came: run() ends the session and returns.
  void interrupt() { end(LinkEnd::Cause::kLocal); }
  /// This machine slept, or its network changed: is the connection alive?
  void probe();

  // For the local side, which takes from channel().readable() and gives to channel().send().
  const net::asio::any_io_executor& executor() const { return executor_; }
  wire::ssm::ClientChannel& channel() { return channel_; }
  /// Bytes are readable, or the channel has opened or closed.
  net::Event& incoming() { return incoming_; }
  net::Event& room() { return room_; }  ///< send() may take bytes
  void sent();                          ///< send() or finish() was called
  void taken();                         ///< bytes were taken from readable()
  void delivered();                     ///< has_output() may have become false
  void check_soon();                    ///< on_timer() has something to do
  bool stopped() const { return stopped_; }
  void spawn(net::Task<void> loop);
  /// The session is over. The first call counts.
  void end(LinkEnd::Cause cause, std::optional<Error> error = {});

 private:
  static constexpr std::size_t kBatch = 64;  ///< messages a write
  static constexpr std::size_t kBatchBytes = 256 << 10;

  struct Attempt;

  net::Task<void> serve(std::shared_ptr<net::WebSocket> first);
  net::Task<void> read(std::shared_ptr<net::WebSocket> websocket);
  void end_outage();
  net::Task<void> write();
  net::Task<void> keep_time();
  net::Task<void> end_session();
  net::Task<void> deliver_rest();
  net::Task<std::shared_ptr<net::WebSocket>> resume();
  net::Task<Result<Connection>> attempt();
  void spawn_attempt(std::shared_ptr<Attempt> attempt, net::Deadline deadline);
  void attach(std::shared_ptr<net::WebSocket> websocket);
  void after_receive();
  void notice_opening();
  net::Task<void> watch(net::Deadline now);
  net::Deadline last_heard() const;
  net::Deadline next_deadline(net::Deadline now) const;
  std::size_t fill_batch();

  net::asio::any_io_executor executor_;
  wire::ssm::ClientChannel& channel_;
  Reconnect reconnect_;
  KeyRequest key_request_;  ///< empty once called
  LinkConfig config_;
  LocalSide* local_ = nullptr;
  net::Event outgoing_, incoming_, room_, taken_, time_, ended_, loop_ended_, retry_;
  std::array<wire::WebSocketMessage, kBatch> batch_;
  std::shared_ptr<net::WebSocket> websocket_;  ///< null during an outage
  std::optional<Outage> outage_;
  std::shared_ptr<Attempt> attempt_;  ///< under way
  std::optional<LinkEnd> end_;
  std::string silence_;  ///< why we ended the connection ourselves
  int loops_ = 0;
  unsigned resumes_ = 0;
  bool stopped_ = false;
  bool opened_ = false;         ///< the local side was told
  bool reading_ = true;         ///< false while the local side is slow
  std::size_t unanswered_ = 0;  ///< messages received since others were told
  net::Deadline alive_since_;   ///< silence counts from here at the earliest
  net::Deadline last_ping_{};
  std::optional<net::Deadline> probed_at_;  ///< asked whether the connection is alive
  bool probe_due_ = false;
  net::Deadline timer_at_{};  ///< when keep_time() wakes
};

}  // namespace passport::proxy
