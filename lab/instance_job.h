// Inside an instance: the scripts that the lab asks to run, and their output.
#pragma once
#include <chrono>
#include <list>
#include <optional>
#include <vector>

#include <poll.h>
#include <sys/types.h>

#include "lab/instance_protocol.h"

namespace passport::lab {

/// Running scripts. Drive it: start() for each request, finish() for each child that the init
/// reaps, advance() after every poll; answers are appended to `answers`.
class InstanceJobs {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kMaxJobs = 64;  ///< at once; EAGAIN above

  void start(const InstanceRequest& request, Time now, std::vector<InstanceAnswer>& answers);
  bool finish(pid_t pid, int wait_status);  ///< false: not one of these
  void advance(Time now, std::vector<InstanceAnswer>& answers);
  void add_poll(std::vector<pollfd>& polled) const;
  std::optional<Time> next_deadline() const;

 private:
  struct Job {
    std::uint32_t id = 0;
    pid_t pid = -1;
    Time deadline;
    std::optional<int> wait_status{};
    bool answered = false;  // what is left are its background processes: read and forget
    Fd out{};
    Fd err{};
    RunOutcome outcome{};
  };
  static void drain(Fd& from, std::string& into, bool& truncated);

  std::list<Job> jobs_;
};

}  // namespace passport::lab
