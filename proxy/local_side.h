// What a session's bytes are for on this machine.
#pragma once
#include "net/asio.h"

namespace passport::proxy {

class Link;

/// The local end of a Link: standard input and output, say. All of it runs on one thread.
class LocalSide {
 public:
  LocalSide() = default;
  virtual ~LocalSide() = default;
  LocalSide(const LocalSide&) = delete;
  LocalSide& operator=(const LocalSide&) = delete;

  /// Spawns its loops with link.spawn(). `link` outlives them.
  virtual void start(Link& link) = 0;

  /// Bytes taken from the channel wait to be delivered, and can be.
  virtual bool has_output() const = 0;

  /// Ends everything that waits: the loops return soon.
  virtual void stop() = 0;

  /// SIGINT, SIGTERM or SIGHUP came. True when it is meant for the session: then it goes on.
  virtual bool take_signal(int /*signal*/) { return false; }

  /// Called at next_deadline() at the latest, and after what moves the channel.
  virtual void on_timer(net::Deadline /*now*/) {}
  virtual net::Deadline next_deadline(net::Deadline /*now*/) const {
    return net::Deadline::max();
  }
};

}  // namespace passport::proxy
