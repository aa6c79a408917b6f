#include "client/copy/crew.h"

#include <algorithm>

#include <fmt/format.h>

#include "client/copy/text.h"

namespace passport::copy {

using Lock = std::lock_guard<std::mutex>;
using Kind = CopyQueue::Task::Kind;
using Reach = Trouble::Reach;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::milliseconds kFirstPause{500};
constexpr std::chrono::seconds kLongestPause{8};
constexpr std::chrono::seconds kTargetLasts{60};  // a target that was refused is asked for anew

/// Another try would end the same way.
bool is_hopeless(const Remote::Failure& failure, bool refused) {
  const auto code = failure.ssh.error.code;
  return failure.no_sftp || failure.ssh.step == api::SshStep::kHostKey ||
         code == Errc::kConfig || (code == Errc::kDenied && !refused);
}

}  // namespace

Crew::Crew(std::string host, unsigned most, FindTarget find_target, Direction& direction,
           CopyQueue& queue, Report& report, std::stop_source& stop)
    : host_(std::move(host)),
      most_(most),
      find_target_(std::move(find_target)),
      direction_(direction),
      queue_(queue),
      report_(report),
      stop_(stop) {}

Crew::~Crew() {
  for (auto& thread : threads_) thread.join();
}

void Crew::tick(Time now) {
  const auto totals = queue_.totals();
  const Lock lock(mutex_);
  if (threads_.empty()) {
    next_start_ = now + kStartGap;
    return start();
  }
  if (!opened_ || lost_ || totals.over || stop_.stop_requested() || now < next_start_) return;
  const auto useful = totals.unclaimed / kWorth + totals.waiting / kWorthFiles;
  if (running_ >= most_ || useful == 0) return;
  next_start_ = now + kStartGap;
  start();
}

void Crew::start() {
  ++running_;
  const int worker = static_cast<int>(threads_.size());
  threads_.emplace_back([this, worker] { run(worker); });
}

bool Crew::over() const {
  const Lock lock(mutex_);
  return !threads_.empty() && running_ == 0;
}

unsigned Crew::sessions() const {
  const Lock lock(mutex_);
  return sessions_;
}

bool Crew::no_sftp() const {
  const Lock lock(mutex_);
  return no_sftp_;
}

/// The same for all, until a login with it is refused: certificates are renewed meanwhile.
Result<api::SshTarget> Crew::target(bool again) {
  const Lock lock(target_mutex_);
  const auto now = steady_clock::now();
  if (target_ && (!again || now - target_since_ < kTargetLasts)) return *target_;
  auto found = find_target_(target_.has_value());
  if (!found) return found;
  target_ = *found;
  target_since_ = now;
  return found;
}

void Crew::run(int worker) {
  int failures = 0;
  bool refused = false;
  bool worked = false;
  while (!stop_.stop_requested() && !queue_.totals().over) {
    const auto to = target(std::exchange(refused, false));
    if (!to) return lose(to.error());
    Remote::Failure failure;
    const auto remote =
        Remote::open(*to, steady_clock::now() + kOpenPatience, failure, stop_.get_token());
    std::optional<Error> error;
    if (remote) {
      worked = true;
      const auto before = queue_.totals().fetched;
      session_opened(true);
      const auto trouble = work(*remote, worker);
      session_opened(false);
      queue_.give_back(worker);
      if (!trouble || stop_.stop_requested()) break;
      if (trouble->reach == Reach::kAll) return end_all(trouble->error);
      error = remote->explain_break();
      if (queue_.totals().fetched > before) failures = 0;
    } else {
      error = failure.ssh.error;
      refused = failure.ssh.step == api::SshStep::kLogin && error->code == Errc::kDenied;
      if (is_first(failure) || is_hopeless(failure, refused)) return lose(*error);
    }
    if (++failures > (worked ? kTries : kTriesToOpen)) return lose(*error);
    pause(failures);
  }
  const Lock lock(mutex_);
  --running_;
}

void Crew::session_opened(bool open) {
  const Lock lock(mutex_);
  sessions_ += open ? 1U : -1U;
  opened_ = true;
}

/// As ssh, which does not try again either: whoever asked waits for it.
bool Crew::is_first(const Remote::Failure& failure) {
  const Lock lock(mutex_);
  no_sftp_ = no_sftp_ || (failure.no_sftp && !opened_);
  return !opened_;
}

/// Another session is there to finish what is left: this one may end meanwhile.
bool Crew::is_spare() const {
  const Lock lock(mutex_);
  return sessions_ > 1;
}

/// Waits; not after a request to stop.
void Crew::pause(int failures) {
  const auto time =
      std::min<std::chrono::milliseconds>(kFirstPause * (1 << (failures - 1)), kLongestPause);
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_for(lock, stop_.get_token(), time, [] { return false; });
}

/// A worker without a session; the last one ends it all.
void Crew::lose(Error error) {
  {
    const Lock lock(mutex_);
    lost_ = true;
    if (no_sftp_ || (running_ > 1 && opened_)) {
      --running_;
      if (!no_sftp_ && !stop_.stop_requested())
        report_.notice(fmt::format("{}: one session less: {}", host_, error.detail));
      return;
    }
  }
  error.detail = host_ + ": " + error.detail;
  const auto done = queue_.totals().done;
  if (done > kJournalFrom && error.hint.empty())
    error.hint = render_size(done) + " are there: the same command goes on from there";
  end_all(error);
}

void Crew::end_all(const Error& error) {
  if (!stop_.stop_requested()) report_.failed(error);
  queue_.abandon();
  stop_.request_stop();
  const Lock lock(mutex_);
  --running_;
}

std::optional<Trouble> Crew::work(Remote& remote, int worker) {
  while (!stop_.stop_requested()) {
    // Time and again: the session that was looking may have broken for good.
    if (auto trouble = look_for_files(remote)) return trouble;
    auto task = queue_.next();
    if (task.kind == Kind::kOver) break;
    if (task.kind == Kind::kWait) {
      if (queue_.totals().all_copied && is_spare()) break;
      remote.rest();
      queue_.wait();
      continue;
    }
    auto trouble = carry_out(remote, worker, task);
    if (!trouble) continue;
    queue_.return_task(task);
    return trouble;
  }
  return std::nullopt;
}

std::optional<Trouble> Crew::look_for_files(Remote& remote) {
  {
    const Lock lock(mutex_);
    if (finding_ != Finding::kWanted) return std::nullopt;
    finding_ = Finding::kUnderWay;
  }
  auto trouble = direction_.find(remote, queue_);
  // What else is to be copied, and where to, is not known without it.
  if (trouble && trouble->reach == Reach::kFile) trouble->reach = Reach::kAll;
  const Lock lock(mutex_);
  finding_ = trouble ? Finding::kWanted : Finding::kDone;
  return trouble;
}

/// Trouble that is a file's alone is told, and over.
std::optional<Trouble> Crew::carry_out(Remote& remote, int worker, CopyQueue::Task& task) {
  if (task.kind == Kind::kFinish) return direction_.finish(remote, queue_, task.files);
  if (task.kind == Kind::kClose) {
    auto trouble = direction_.close(remote);
    if (!trouble) queue_.closed();
    return trouble;
  }
  const auto& file = task.files.front();
  std::optional<Trouble> trouble;
  if (task.kind == Kind::kPrepare) {
    ByteRanges found;
    trouble = direction_.prepare(remote, *file, found);
    file->resumed = found.total() > 0;
    if (!trouble) queue_.prepared(file, std::move(found));
  }
  if (!trouble) trouble = direction_.copy(remote, queue_, file, task.turn, worker);
  if (!trouble || trouble->reach != Reach::kFile) return trouble;
  if (queue_.failed_under_way(file, task.turn)) {
    direction_.leave(*file, false);
    report_.failed(trouble->error);
  }
  return std::nullopt;
}

}  // namespace passport::copy
