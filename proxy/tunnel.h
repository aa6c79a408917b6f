// The pumps between standard input and output, one data channel and its websocket.
#pragma once
#include <array>
#include <memory>
#include <optional>

#include "base/result.h"
#include "net/event.h"
#include "net/stdio.h"
#include "net/websocket.h"
#include "wire/ssm/client_channel.h"

namespace passport::proxy {

/// How a tunnel came to its end.
struct TunnelEnd {
  enum class Cause {
    kPeer,    ///< the service or the agent closed the channel
    kLocal,   ///< input ended, output was closed, or a signal came
    kFailed,  ///< `error` says why
  };
  Cause cause = Cause::kFailed;
  std::optional<Error> error{};
};

/// Carries stdin and stdout over an open websocket until one side ends.
///
/// stdin's end: what was read drains, and what still comes is delivered until it has been quiet
/// for a while (kQuietAfterInput); a port has no half-close that could be passed on. The peer's
/// end: what came before is written, then run() returns at once. Nothing heard for kDeadAfter
/// although pinged each kPingEvery: kFailed. Memory: at most kMaxReadable waits for stdout;
/// beyond that the websocket is not read.
class Tunnel {
 public:
  static constexpr std::size_t kMaxReadable = 1 << 20;  ///< bytes
  static constexpr std::chrono::seconds kPingEvery{30};
  static constexpr std::chrono::seconds kDeadAfter{45};
  static constexpr std::chrono::milliseconds kQuietAfterInput{10000};

  Tunnel(net::asio::any_io_executor executor, wire::ssm::ClientChannel& channel,
         net::WebSocket& websocket, net::StdinReader& input, net::StdoutWriter& output,
         std::chrono::milliseconds quiet_after_input = kQuietAfterInput);

  /// Ends when a side ends; then asks the agent to end its session where there still is one.
  net::Task<TunnelEnd> run();

  /// A signal came: run() ends the session and returns.
  void interrupt();

 private:
  static constexpr std::size_t kBatch = 64;  ///< messages a write
  static constexpr std::size_t kBatchBytes = 256 << 10;
  static constexpr std::size_t kReadSize = 64 << 10;  ///< bytes of stdin a read

  net::Task<void> read_websocket();
  net::Task<void> write_websocket();
  net::Task<void> read_input();
  net::Task<void> write_output();
  net::Task<void> keep_time();
  net::Task<void> end_session();
  net::Task<void> deliver_rest();
  bool has_output() const {
    return !output_lost_ && (writing_ || !channel_.readable().empty());
  }
  void spawn(net::Task<void> loop);
  void end(TunnelEnd::Cause cause, std::optional<Error> error = {});
  void after_receive();
  void check_quiet(net::Deadline now);
  net::Deadline next_deadline(net::Deadline now) const;
  std::size_t fill_batch();

  net::asio::any_io_executor executor_;
  wire::ssm::ClientChannel& channel_;
  net::WebSocket& websocket_;
  net::StdinReader& input_;
  net::StdoutWriter& output_;
  std::chrono::milliseconds quiet_after_input_;
  net::Event outgoing_, incoming_, room_, taken_, time_, ended_, loop_ended_;
  std::array<wire::WebSocketMessage, kBatch> batch_;
  std::optional<TunnelEnd> end_;
  int loops_ = 0;
  bool stopped_ = false;
  bool writing_ = false;        ///< to standard output
  bool output_lost_ = false;    ///< nobody takes what would be written
  bool reading_ = true;         ///< false while stdout's reader is slow
  std::size_t unanswered_ = 0;  ///< messages received since others were told
  net::Deadline alive_since_;   ///< silence counts from here at the earliest
  net::Deadline last_data_;     ///< when the stream last moved
  net::Deadline last_ping_{};
  net::Deadline timer_at_{};  ///< when keep_time() wakes
};

}  // namespace passport::proxy
