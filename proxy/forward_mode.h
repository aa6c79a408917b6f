// How the connections of a forward share its session.
#pragma once
#include <memory>
#include <string>

#include "net/asio.h"
#include "proxy/link.h"

namespace passport::proxy {

/// Many over smux, or one after the other with agents that do not know it. Belongs to a
/// ForwardSide, which calls it; the channel is open.
class ForwardMode {
 public:
  ForwardMode() = default;
  virtual ~ForwardMode() = default;
  ForwardMode(const ForwardMode&) = delete;
  ForwardMode& operator=(const ForwardMode&) = delete;

  virtual void add(int socket) = 0;  ///< takes over a connected, non-blocking socket
  virtual void take_bytes() = 0;     ///< the channel may have some
  virtual void give_bytes() = 0;     ///< the channel may have room
  virtual bool has_output() const = 0;
  virtual void on_timer(net::Deadline now) = 0;
  virtual net::Deadline next_deadline(net::Deadline now) const = 0;
  virtual void stop() = 0;
};

/// `remote` is what messages call the port: "localhost:80".
std::unique_ptr<ForwardMode> make_mux_forward(Link& link, std::string remote);
std::unique_ptr<ForwardMode> make_single_forward(Link& link);

}  // namespace passport::proxy
