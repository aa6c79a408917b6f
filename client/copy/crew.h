// The sessions of a copy, each with a thread: opened one after another as far as they are of
// use, and opened again when they break.
#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "client/copy/direction.h"

namespace passport::copy {

/// What is asked anew when a login fails; the argument: whether it was refused before.
using FindTarget = std::function<Result<api::SshTarget>(bool again)>;

class Crew {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kOpenPatience{120};
  static constexpr std::chrono::milliseconds kStartGap{100};
  static constexpr int kTries = 5;        ///< of a session that does nothing but break
  static constexpr int kTriesToOpen = 2;  ///< of one more that never was
  /// Bytes that are worth one more session.
  static constexpr std::uint64_t kWorth = 512 << 10;
  static constexpr std::size_t kWorthFiles = 8;

  /// All but `find_target` outlive it.
  Crew(std::string host, unsigned most, FindTarget find_target, Direction& direction,
       CopyQueue& queue, Report& report, std::stop_source& stop);
  /// Waits for the threads; request a stop before, unless the queue is over.
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  /// Starts what is of use now; to be called every now and then.
  void tick(Time now);
  /// No thread is left.
  bool over() const;
  unsigned sessions() const;
  /// The first session found that there is no sftp; then nothing was done.
  bool no_sftp() const;

 private:
  void start();
  void run(int worker);
  void session_opened(bool open);
  bool is_first(const Remote::Failure& failure);
  bool is_spare() const;
  void pause(int failures);
  void lose(Error error);
  void end_all(const Error& error);
  std::optional<Trouble> work(Remote& remote, int worker);
  std::optional<Trouble> carry_out(Remote& remote, int worker, CopyQueue::Task& task);
  std::optional<Trouble> look_for_files(Remote& remote);
  Result<api::SshTarget> target(bool again);

  const std::string host_;
  const unsigned most_;
  FindTarget find_target_;
  Direction& direction_;
  CopyQueue& queue_;
  Report& report_;
  std::stop_source& stop_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<std::thread> threads_;
  unsigned running_ = 0;   ///< threads
  unsigned sessions_ = 0;  ///< that are open
  bool opened_ = false;    ///< there was one
  bool lost_ = false;      ///< one could not be opened: no more are started
  bool no_sftp_ = false;
  enum class Finding { kWanted, kUnderWay, kDone } finding_ = Finding::kWanted;
  Time next_start_{};
  std::mutex target_mutex_;
  std::optional<api::SshTarget> target_;
  Time target_since_{};
};

}  // namespace passport::copy
