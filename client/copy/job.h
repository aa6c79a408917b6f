// One copy, between this machine and one instance.
#pragma once
#include <optional>
#include <string>

#include "client/copy/crew.h"
#include "client/copy/end_signals.h"
#include "client/copy/progress_line.h"

namespace passport::copy {

class CopyJob {
 public:
  struct Setup {
    CopyWish wish{};
    unsigned sessions = 1;  ///< at most
    bool quiet = false;
    api::SshTarget target{};
    FindTarget find_again{};
  };
  CopyJob(Setup setup, const EndSignals& signals);

  /// The exit status; what went wrong has been said. Nullopt: the instance has no sftp, and
  /// nothing was done.
  std::optional<int> run();

 private:
  void watch(Crew& crew, ProgressLine& line);
  Progress progress(unsigned sessions) const;
  int conclude(ProgressLine& line);

  Setup setup_;
  const EndSignals& signals_;
  CopyQueue queue_;
  Report report_;
  std::stop_source stop_;
  std::unique_ptr<Direction> direction_;
  int signal_ = 0;
  unsigned most_sessions_ = 0;
  std::chrono::steady_clock::time_point began_{};
};

}  // namespace passport::copy
