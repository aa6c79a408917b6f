// What the bytes of a session are for on a lab instance: one class a kind of session, as the
// real agent's plugins.
#pragma once
#include <functional>
#include <memory>

namespace passport::lab {

class InstanceSession;

/// Belongs to its InstanceSession and is called by it; the other way it uses that session's
/// channel and says so (InstanceSession::sent, taken, changed). Its loops are started with
/// InstanceSession::spawn and end after stop().
class InstancePlugin {
 public:
  InstancePlugin() = default;
  virtual ~InstancePlugin() = default;
  InstancePlugin(const InstancePlugin&) = delete;
  InstancePlugin& operator=(const InstancePlugin&) = delete;

  /// The channel wants its port (AgentChannel::wants_port): when the handshake is complete, and
  /// when data comes for a port that was disconnected.
  virtual void connect() = 0;
  /// The client asked to drop what it is connected to (DisconnectToPort).
  virtual void disconnect() {}
  /// There may be bytes to take from the channel, or a new size of the client's terminal.
  virtual void take_bytes() = 0;
  /// The channel may take bytes.
  virtual void give_bytes() = 0;
  /// The session is over.
  virtual void stop() = 0;
};

/// Called once the handshake is complete: the client's version may decide.
using InstancePluginSource = std::function<std::unique_ptr<InstancePlugin>(InstanceSession&)>;

}  // namespace passport::lab
