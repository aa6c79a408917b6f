// What is still to be copied, shared by the sessions' threads.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "client/copy/file_pieces.h"
#include "client/copy/part_file.h"
#include "client/copy/trouble.h"

namespace passport::copy {

/// A file on its way. What is not said to be the queue's belongs to whoever prepares, copies or
/// finishes it at the time, and does not change while it is copied.
struct FileCopy {
  std::string source;
  std::string target;
  FileStat stat;          ///< of the source, as it was found
  Journal identity{};     ///< without what is done
  std::string journal{};  ///< path of one kept here for a file there

  std::unique_ptr<PartFile> part{};  ///< to this machine
  net::Fd local{};                   ///< from this machine
  net::Fd lock{};                    ///< of the target there
  std::mutex journal_mutex{};
  bool journal_over = false;  ///< it is not to be saved any more
  bool again = false;         ///< it is being copied a second time
  bool resumed = false;       ///< some of its bytes are of an earlier copy

  // The queue's.
  enum class State { kWaiting, kPreparing, kCopying, kCopied, kFinishing, kOver };
  State state = State::kWaiting;
  std::unique_ptr<FilePieces> pieces{};
  unsigned turn = 0;     ///< another one whenever somebody is to prepare or finish it
  bool changed = false;  ///< since its journal was saved
};
using FilePtr = std::shared_ptr<FileCopy>;

struct Totals {
  std::uint64_t bytes = 0;    ///< of all files found so far
  std::uint64_t done = 0;     ///< there
  std::uint64_t fetched = 0;  ///< by this run: done without what was found
  std::size_t files = 0;
  std::size_t files_done = 0;
  std::size_t waiting = 0;      ///< files that nobody has begun
  std::uint64_t unclaimed = 0;  ///< bytes of all that nobody copies yet
  bool all_found = false;
  bool all_copied = false;  ///< and found; they are yet to be compared and named
  bool over = false;        ///< nothing is left to do, for better or worse
};

class CopyQueue {
 public:
  struct Task {
    enum class Kind {
      kPrepare,  ///< the first of `files`; then prepared() or failed_under_way()
      kCopy,     ///< the first of `files`
      kFinish,   ///< all of `files`; each then finished(), copy_again() or failed_at_end()
      kClose,    ///< all files are over: what remains to be done once; then closed()
      kWait,     ///< there may be something later: wait()
      kOver,
    } kind = Kind::kOver;
    std::vector<FilePtr> files{};
    unsigned turn = 0;  ///< that of the files: later the task is somebody else's
  };
  /// Bytes that a worker is to copy in one turn of the file.
  struct Claim {
    Range range;
    unsigned turn;
  };
  static constexpr std::size_t kBatch = 32;  ///< files that are finished together
  static constexpr std::uint64_t kBatchBytes = 64 << 20;
  static constexpr std::chrono::seconds kLate{2};

  // For who looks for files.

  void add(FilePtr file);
  void all_found();

  // For workers, each of them a number.

  Task next();
  void wait();
  void prepared(const FilePtr& file, ByteRanges found);
  /// Nullopt also when that turn is over: what was opened in it is of no use any more.
  std::optional<Claim> claim(const FilePtr& file, unsigned turn, int worker,
                             std::uint64_t most);
  bool begin_write(const FilePtr& file, const Claim& claim);
  void finish_write(const FilePtr& file, const Claim& claim);
  void give_back(int worker);
  void finished(const FilePtr& file);
  void copy_again(const FilePtr& file);
  void failed_at_end(const FilePtr& file);
  /// Of a file that was prepared or copied in that turn. False when it is not any more: several
  /// may find out, or others have copied what was missing.
  bool failed_under_way(const FilePtr& file, unsigned turn);
  void closed();
  /// A task that was not done: somebody else may do it.
  void return_task(const Task& task);
  /// Nobody is to begin anything more.
  void abandon();

  Totals totals() const;
  /// Files that were begun and not finished. No worker may be left.
  std::vector<FilePtr> unfinished() const { return active_; }
  /// Calls `save` with what is done of each file under way, if that has changed.
  void save_journals(const std::function<void(FileCopy&, const ByteRanges&)>& save);

 private:
  FilePtr find_open();
  void fail(const FilePtr& file);
  bool nothing_else() const;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<FilePtr> waiting_;
  std::vector<FilePtr> active_;  ///< from preparing to finishing
  std::size_t files_ = 0;
  std::size_t over_ = 0;
  unsigned turns_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t fetched_ = 0;
  std::uint64_t unclaimed_waiting_ = 0;
  bool all_found_ = false;
  enum class Close { kOpen, kUnderWay, kDone } close_ = Close::kOpen;
  bool abandoned_ = false;
  std::size_t files_done_ = 0;
};

}  // namespace passport::copy
