// A copy to this machine, or from it: what differs between the two.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client/copy/place.h"
#include "client/copy/plan.h"
#include "client/copy/queue.h"
#include "client/copy/report.h"

namespace passport::copy {

inline constexpr std::size_t kMaxFiles = 1000000;  ///< found, folders with them
inline constexpr std::size_t kMaxInFolder = 250000;
inline constexpr std::size_t kMaxDepth = 64;  ///< of folders

/// Called by the threads of the sessions, several at once but find() and close().
class Direction {
 public:
  Direction(CopyWish wish, Report& report, std::stop_token stop)
      : wish_(std::move(wish)), report_(report), stop_(std::move(stop)) {}
  virtual ~Direction() = default;
  Direction(const Direction&) = delete;
  Direction& operator=(const Direction&) = delete;

  /// Puts what is to be copied into the queue, and makes folders. After a session broke it is
  /// called again.
  virtual std::optional<Trouble> find(Remote& remote, CopyQueue& queue) = 0;
  /// Opens what a file is written to; `found`: what is there from an earlier copy.
  virtual std::optional<Trouble> prepare(Remote& remote, FileCopy& file, ByteRanges& found) = 0;
  /// Copies what the worker can claim of it in that turn.
  virtual std::optional<Trouble> copy(Remote& remote, CopyQueue& queue, const FilePtr& file,
                                      unsigned turn, int worker) = 0;
  /// Compares them, and gives them their names; tells the queue of each.
  virtual std::optional<Trouble> finish(Remote& remote, CopyQueue& queue,
                                        const std::vector<FilePtr>& files) = 0;
  /// Gives folders their modes and times.
  virtual std::optional<Trouble> close(Remote& remote) = 0;
  virtual void save_journal(FileCopy& file, const ByteRanges& done) = 0;
  /// Of a file that will not be finished now: what is there stays for the next copy, if that is
  /// of use, or goes.
  virtual void leave(FileCopy& file, bool for_later) = 0;

 protected:
  /// How the user calls a file there.
  std::string remote_name(const std::string& path) const { return wish_.host + ":" + path; }
  /// A source is to be copied there; `is_new`: it was not found before. Trouble when another is
  /// to be, or too much was found.
  std::optional<Trouble> take_target(const std::string& target, const std::string& source,
                                     bool& is_new);
  std::string unverified() const {
    return wish_.host + ": no program there computes SHA-256: the sizes alone were compared";
  }
  static Trouble too_many();
  void add_folder(const std::string& path, const FileStat& stat);

  CopyWish wish_;
  Report& report_;
  std::stop_token stop_;
  /// Whether the target is a folder that sources go into; later it may be one that find() made.
  std::optional<bool> into_folder_;
  std::vector<NamedStat> folders_;  ///< that are filled, by path; the outer ones first

 private:
  bool collides(const std::string& target) const;

  std::map<std::string, std::string> targets_;  ///< and whose they are
  std::set<std::string> digest_parts_;  ///< parts of targets whose names they do not tell
};

/// What came of comparing both ends.
enum class Check {
  kSame,
  kDiffers,
  kUnreadable,  ///< the bytes there cannot be read
  kSizesOnly,   ///< the instance cannot hash; the sizes are the same
};
struct CheckWish {
  std::string remote_path;
  std::uint64_t size;
  std::function<std::string()> hash_here;
};
/// Hashes both ends at once. Trouble: of the session alone.
std::optional<Trouble> check_all(Remote& remote, const std::vector<CheckWish>& wishes,
                                 std::vector<Check>& checks);

}  // namespace passport::copy
