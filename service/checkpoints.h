// Checkpoints of the Logbook, signed and written to where a change of the database cannot
// reach.
#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "service/authorities.h"
#include "service/logbook.h"

namespace passport::service {

/// A file of checkpoints, one a line: only added to, and on the disk when append() is back.
class CheckpointFile {
 public:
  /// Made (0600) if it is not there; a line that was cut off is taken away. Errors:
  /// kUnavailable; kConfig: it holds something else, or another process has it open.
  static Result<CheckpointFile> open(const std::string& path);
  CheckpointFile(CheckpointFile&& other) noexcept;
  CheckpointFile& operator=(CheckpointFile&&) = delete;
  ~CheckpointFile();

  /// Sequence 0: there is none.
  const Checkpoint& last() const { return last_; }
  Result<void> append(const Checkpoint& checkpoint);

 private:
  CheckpointFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  Result<void> read_last();
  Error failure() const;
  Error not_checkpoints() const;

  std::string path_;
  int fd_;
  Checkpoint last_;
};

/// A thread that makes checkpoints: at an interval, when it is woken, and at the end. What a
/// replica has made comes to this one's file too.
class Checkpoints {
 public:
  static constexpr std::chrono::seconds kInterval{60};
  static constexpr std::chrono::seconds kLeastPause{1};  ///< between two

  /// The key is state_dir/logbook_ed25519, made if it is not there, its public half beside it
  /// as logbook_ed25519.pub; the file is state_dir/checkpoints. Errors: kConfig: the database
  /// does not have the file's last checkpoint, so it is not the one, or an older one; those of
  /// the key, the file and the database.
  static Result<std::unique_ptr<Checkpoints>> start(const Config& config,
                                                    const RandomSource& random);
  Checkpoints(const Checkpoints&) = delete;
  Checkpoints& operator=(const Checkpoints&) = delete;
  ~Checkpoints();

  /// A request has ended: from any thread.
  void wake();

 private:
  Checkpoints(const Config& config, std::unique_ptr<wire::ssh::Signer> key,
              CheckpointFile file);
  void work();
  Result<void> make();

  std::string database_;
  bool syslog_;
  std::unique_ptr<wire::ssh::Signer> key_;
  CheckpointFile file_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace passport::service
