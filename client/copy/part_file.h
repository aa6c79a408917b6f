// What there is of a file that is being copied to this machine. Its own name it gets when it is
// whole, all at once.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <stop_token>

#include "client/copy/journal.h"
#include "client/copy/trouble.h"

namespace passport::copy {

/// Files up to this size are copied anew after a break; of larger ones a journal is kept.
inline constexpr std::uint64_t kJournalFrom = 1 << 20;

/// In hexadecimal, of so many bytes from the beginning; empty when there are not so many, they
/// cannot be read, or on a request to stop.
std::string hash_file(int descriptor, std::uint64_t size, const std::stop_token& stop);

/// The text of a journal; empty when there is none.
std::string load_journal(const std::string& path);

/// Locks an open file, until it is closed, against other copies. 0 or an errno; EWOULDBLOCK:
/// another has it, or had, and the name is not this file's any more.
int lock_file(int descriptor, const std::string& path);

/// The errors are Troubles of `target`. Writes to different bytes may be made at once, and
/// journals saved meanwhile.
class PartFile {
 public:
  /// Goes on with what is left of an earlier copy, when that was of the same source.
  static std::unique_ptr<PartFile> open(const std::string& target, const Journal& source,
                                        Trouble& trouble);

  const ByteRanges& found() const { return found_; }
  std::optional<Trouble> write(std::uint64_t at, ByteView bytes) const;
  /// Of the whole file.
  std::string hash(const std::stop_token& stop) const;
  /// Not after keep(), stay() or discard().
  void save_journal(const ByteRanges& done);
  /// Gives it mode, times and its own name.
  std::optional<Trouble> keep(const FileStat& stat);
  void start_over();
  /// What there is of it waits for the next copy.
  void stay(const ByteRanges& done);
  void discard();

 private:
  PartFile(std::string target, const Journal& source);
  int take_up();

  std::string target_;
  std::string path_;
  std::string journal_path_;
  Journal journal_;
  net::Fd fd_;
  ByteRanges found_;
  std::mutex mutex_;  ///< of the journal's file
  bool over_ = false;
  bool blank_ = false;  ///< it holds zeros wherever nothing was written
};

}  // namespace passport::copy
