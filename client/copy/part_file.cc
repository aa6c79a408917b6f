#include "client/copy/part_file.h"

#include <algorithm>
#include <fstream>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "aws/private_file.h"
#include "base/log.h"
#include "client/copy/place.h"
#include "client/copy/sha256.h"

namespace passport::copy {
namespace {

constexpr std::size_t kHashStep = 1 << 20;

}  // namespace

std::string hash_file(int descriptor, std::uint64_t size, const std::stop_token& stop) {
  Sha256 hash;
  Bytes buffer(kHashStep);
  for (std::uint64_t at = 0; at < size;) {
    const auto want = std::min<std::uint64_t>(size - at, buffer.size());
    const auto n = ::pread(descriptor, buffer.data(), want, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0 || stop.stop_requested()) return {};
    hash.add(ByteView(buffer).first(static_cast<std::size_t>(n)));
    at += static_cast<std::uint64_t>(n);
  }
  return hash.finish();
}

std::string load_journal(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(kMaxJournal + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

int lock_file(int descriptor, const std::string& path) {
  struct stat own {};
  struct stat named {};
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0 || ::fstat(descriptor, &own) != 0)
    return errno;
  const bool same = ::lstat(path.c_str(), &named) == 0 && named.st_dev == own.st_dev &&
                    named.st_ino == own.st_ino;
  return same ? 0 : EWOULDBLOCK;
}

PartFile::PartFile(std::string target, const Journal& source)
    : target_(std::move(target)),
      path_(part_path(target_)),
      journal_path_(path_ + std::string(kJournalSuffix)),
      journal_(source) {}

std::unique_ptr<PartFile> PartFile::open(const std::string& target, const Journal& source,
                                         Trouble& trouble) {
  auto out = std::unique_ptr<PartFile>(new PartFile(target, source));
  const int error = out->take_up();
  if (error == 0) return out;
  trouble = local_trouble(target, error);
  if (error == EWOULDBLOCK)
    trouble.error.detail = escape_for_terminal(out->path_) + ": another copy is writing it";
  return nullptr;
}

/// 0 or an errno.
int PartFile::take_up() {
  fd_.reset(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd_) return errno;
  if (const int error = lock_file(fd_.get(), path_); error != 0) return error;
  struct stat now {};
  if (::fstat(fd_.get(), &now) != 0) return errno;
  // One with another name is somebody's file.
  if (!S_ISREG(now.st_mode) || now.st_uid != ::geteuid() || now.st_nlink != 1) return EEXIST;
  if (journal_.size > kJournalFrom &&
      static_cast<std::uint64_t>(now.st_size) == journal_.size) {
    const auto journal = parse_journal(load_journal(journal_path_));
    if (journal && journal->same_source(journal_)) {
      found_ = journal->done;
      return 0;
    }
  }
  blank_ = true;
  if (::ftruncate(fd_.get(), 0) == 0 &&
      ::ftruncate(fd_.get(), static_cast<off_t>(journal_.size)) == 0)
    return 0;
  const int error = errno;
  ::unlink(path_.c_str());
  return error;
}

std::optional<Trouble> PartFile::write(std::uint64_t at, ByteView bytes) const {
  const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
  if (blank_ && std::all_of(bytes.begin(), bytes.end(), is_zero)) return std::nullopt;
  while (!bytes.empty()) {
    const auto n = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return local_trouble(target_, errno);
    at += static_cast<std::uint64_t>(n);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return std::nullopt;
}

std::string PartFile::hash(const std::stop_token& stop) const {
  return hash_file(fd_.get(), journal_.size, stop);
}

void PartFile::save_journal(const ByteRanges& done) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (over_ || journal_.size <= kJournalFrom) return;
  journal_.done = done;
  // Without it the next copy begins anew, and that is all.
  (void)aws::save_private_file(journal_path_, serialize_journal(journal_));
}

std::optional<Trouble> PartFile::keep(const FileStat& stat) {
  const timespec times[2] = {{stat.atime, 0}, {stat.mtime, 0}};
  const bool good = ::fchmod(fd_.get(), stat.mode) == 0 && ::futimens(fd_.get(), times) == 0 &&
                    (journal_.size <= kJournalFrom || ::fsync(fd_.get()) == 0) &&
                    ::rename(path_.c_str(), target_.c_str()) == 0;
  if (!good) return local_trouble(target_, errno);
  const std::lock_guard<std::mutex> lock(mutex_);
  over_ = true;
  ::unlink(journal_path_.c_str());
  return std::nullopt;
}

void PartFile::start_over() {
  blank_ = ::ftruncate(fd_.get(), 0) == 0 &&
           ::ftruncate(fd_.get(), static_cast<off_t>(journal_.size)) == 0;
  found_ = {};
}

void PartFile::stay(const ByteRanges& done) {
  save_journal(done);
  const std::lock_guard<std::mutex> lock(mutex_);
  over_ = true;
}

void PartFile::discard() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (std::exchange(over_, true)) return;
  ::unlink(path_.c_str());
  ::unlink(journal_path_.c_str());
}

}  // namespace passport::copy
