#include "lab/instance_job.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "lab/instance_spawn.h"

namespace passport::lab {
namespace {

constexpr std::size_t kDrainBytes = 16384;

InstanceAnswer failed(std::uint32_t id, int error) {
  return {id, error};
}

struct Pipe {
  Fd read_end;
  Fd write_end;
};

std::optional<Pipe> make_pipe() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  Pipe pipe{Fd(ends[0]), Fd(ends[1])};
  if (::fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) return std::nullopt;
  return pipe;
}

}  // namespace

void InstanceJobs::start(const InstanceRequest& request, Time now,
                         std::vector<InstanceAnswer>& answers) {
  if (jobs_.size() >= kMaxJobs) return answers.push_back(failed(request.id, EAGAIN));
  const Fd script = make_memory_file(request.script);
  std::optional<Pipe> out = make_pipe();
  std::optional<Pipe> err = make_pipe();
  if (!script || !out || !err) return answers.push_back(failed(request.id, EMFILE));
  // The script is descriptor 3, not standard input, which its commands may read.
  const Result<pid_t> child =
      spawn({.argv = {"sh", "/dev/fd/3"},
             .fds = {-1, out->write_end.get(), err->write_end.get(), script.get()},
             .environment = {"HOME=/root", "USER=root", "LOGNAME=root", "SHELL=/bin/sh"},
             .new_session = true});
  if (!child) return answers.push_back(failed(request.id, EAGAIN));
  Job job;
  job.id = request.id;
  job.pid = *child;
  job.deadline = now + std::chrono::milliseconds(request.argument);
  job.out = std::move(out->read_end);
  job.err = std::move(err->read_end);
  jobs_.push_back(std::move(job));
}

bool InstanceJobs::finish(pid_t pid, int wait_status) {
  const auto job = std::find_if(jobs_.begin(), jobs_.end(),
                                [&](const Job& j) { return j.pid == pid && !j.wait_status; });
  if (job == jobs_.end()) return false;
  job->wait_status = wait_status;
  return true;
}

void InstanceJobs::drain(Fd& from, std::string& into, bool& truncated) {
  std::array<char, kDrainBytes> buffer{};
  // At most one pipe's worth a turn: an endless writer must not hold up the others.
  for (int turn = 0; from && turn < 4; ++turn) {
    const ssize_t n = ::read(from.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return from.reset();
    const std::size_t kept = std::min(static_cast<std::size_t>(n), kMaxRunOutput - into.size());
    into.append(buffer.data(), kept);
    truncated = truncated || kept < static_cast<std::size_t>(n);
  }
}

void InstanceJobs::advance(Time now, std::vector<InstanceAnswer>& answers) {
  for (auto job = jobs_.begin(); job != jobs_.end();) {
    std::string& out = job->outcome.standard_output;
    std::string& err = job->outcome.standard_error;
    if (!job->wait_status && !job->outcome.timed_out && now >= job->deadline) {
      job->outcome.timed_out = true;
      ::kill(-job->pid, SIGKILL);
    }
    const bool ended = job->wait_status.has_value();
    drain(job->out, out, job->outcome.truncated);
    drain(job->err, err, job->outcome.truncated);
    if (ended && !job->answered) {
      job->outcome.exit_status = exit_status_of(*job->wait_status);
      answers.push_back({job->id, 0, std::move(job->outcome)});
      job->answered = true;
      // From here on nothing is kept; the buffers count as full.
      out.assign(kMaxRunOutput, '\0');
      err = out;
    }
    job = ended && !job->out && !job->err ? jobs_.erase(job) : std::next(job);
  }
}

void InstanceJobs::add_poll(std::vector<pollfd>& polled) const {
  for (const Job& job : jobs_) {
    for (const Fd* fd : {&job.out, &job.err}) {
      if (*fd) polled.push_back({fd->get(), POLLIN, 0});
    }
  }
}

std::optional<InstanceJobs::Time> InstanceJobs::next_deadline() const {
  std::optional<Time> next;
  for (const Job& job : jobs_) {
    if (job.wait_status || job.outcome.timed_out) continue;
    next = next ? std::min(*next, job.deadline) : job.deadline;
  }
  return next;
}

}  // namespace passport::lab
