// Inside an instance: connections to its loopback, for the lab.
#pragma once
#include <array>
#include <chrono>
#include <list>
#include <optional>
#include <vector>

#include <poll.h>
#include <sys/socket.h>

#include "lab/instance_protocol.h"

namespace passport::lab {

/// Connections being made: 127.0.0.1 first, then ::1, within kConnectDeadline for both. Drive
/// it as InstanceJobs.
class InstanceDials {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kMaxDials = 256;  ///< at once; EAGAIN above

  void start(const InstanceRequest& request, Time now, std::vector<InstanceAnswer>& answers);
  void advance(Time now, std::vector<InstanceAnswer>& answers);
  void add_poll(std::vector<pollfd>& polled) const;
  std::optional<Time> next_deadline() const;

 private:
  struct Dial {
    std::uint32_t id = 0;
    unsigned short port = 0;
    Time deadline;
    bool second = false;  // ::1
    int first_error = 0;
    Fd fd{};
  };
  static int begin(Dial& dial);
  static bool step(Dial& dial, Time now, std::vector<InstanceAnswer>& answers);

  std::list<Dial> dials_;
};

}  // namespace passport::lab
