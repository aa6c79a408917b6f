// Websockets on a path that the lab makes bad.
#pragma once
#include <memory>
#include <vector>

#include "lab/faults.h"
#include "net/websocket.h"

namespace passport::lab {

/// The websockets of a gateway's clients. A wrapped one behaves as the faults say that are set
/// at each moment; without faults it costs a call. `faults` must live as long as the
/// io_context runs.
class FaultySockets {
 public:
  enum class Peer { kClient, kAgent };  ///< an agent's websocket is split at most

  FaultySockets(net::asio::any_io_executor executor, LabFaults& faults);
  ~FaultySockets();
  FaultySockets(const FaultySockets&) = delete;
  FaultySockets& operator=(const FaultySockets&) = delete;

  std::unique_ptr<net::WebSocket> wrap(std::unique_ptr<net::WebSocket> websocket, Peer peer);

  /// To be called after a change of the faults.
  void faults_changed();
  /// The same seed gives the same chances again.
  void reseed() { wrapped_ = 0; }
  /// The connections there are carry nothing, or what waited goes on.
  void hold(bool on);

 private:
  class Socket;
  struct State;

  std::vector<std::shared_ptr<State>> live();

  net::asio::any_io_executor executor_;
  LabFaults& faults_;
  std::uint64_t wrapped_ = 0;
  std::vector<std::weak_ptr<State>> states_;
};

}  // namespace passport::lab
