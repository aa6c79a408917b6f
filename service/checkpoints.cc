#include "service/checkpoints.h"

#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "aws/private_file.h"
#include "base/log.h"
#include "service/database.h"
#include "service/key_file.h"

namespace passport::service {
namespace {

constexpr std::size_t kMaxCheckpointLine = 4096;  ///< bytes; one has about 400
constexpr std::int64_t kPage = 1'000;             ///< checkpoints read at once

Result<void> write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Error{Errc::kUnavailable, std::strerror(errno)};
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

/// The file remembers what the database must still have.
Result<void> compare(SqlConnection& connection, const Checkpoint& last,
                     const std::string& path) {
  if (last.sequence == 0) return {};
  const auto found = load_checkpoints(connection, last.sequence - 1, 1);
  if (!found) return found.error();
  if (!found->empty() && found->front() == last) return {};
  return Error{Errc::kConfig,
               fmt::format("{}: its last checkpoint, at record {}, is not in the database",
                           path, last.sequence),
               "find out who set the database back; then move that file away"};
}

}  // namespace

Result<CheckpointFile> CheckpointFile::open(const std::string& path) {
  CheckpointFile out(path, ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (out.fd_ < 0) return out.failure();
  if (::flock(out.fd_, LOCK_EX | LOCK_NB) != 0)
    return errno == EWOULDBLOCK
               ? Error{Errc::kConfig, path + ": another passportd writes to it",
                       "each has a state_dir of its own"}
               : out.failure();
  if (auto read = out.read_last(); !read) return read.error();
  return out;
}

CheckpointFile::CheckpointFile(CheckpointFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      last_(std::move(other.last_)) {}

CheckpointFile::~CheckpointFile() {
  if (fd_ >= 0) ::close(fd_);
}

Error CheckpointFile::failure() const {
  return {Errc::kUnavailable, path_ + ": " + std::strerror(errno)};
}

Error CheckpointFile::not_checkpoints() const {
  return {Errc::kConfig, path_ + ": it does not end with a checkpoint"};
}

Result<void> CheckpointFile::read_last() {
  struct stat status {};
  if (::fstat(fd_, &status) != 0) return failure();
  const auto size = static_cast<std::size_t>(status.st_size);
  std::string tail(std::min(size, 2 * kMaxCheckpointLine), '\0');
  const auto from = static_cast<off_t>(size - tail.size());
  if (::pread(fd_, tail.data(), tail.size(), from) != static_cast<ssize_t>(tail.size()))
    return failure();
  const auto end = tail.rfind('\n');
  const auto kept = end == std::string::npos ? 0 : end + 1;
  if (tail.size() - kept > kMaxCheckpointLine) return not_checkpoints();
  if (kept < tail.size() && ::ftruncate(fd_, from + static_cast<off_t>(kept)) != 0)
    return failure();
  if (kept == 0) return {};
  tail.resize(end);
  const auto start = tail.rfind('\n');
  const auto line = parse_log_line(tail.substr(start == std::string::npos ? 0 : start + 1));
  const auto* last = line ? std::get_if<Checkpoint>(&*line) : nullptr;
  if (last == nullptr) return not_checkpoints();
  last_ = *last;
  return {};
}

Result<void> CheckpointFile::append(const Checkpoint& checkpoint) {
  struct stat before {};
  if (::fstat(fd_, &before) != 0) return failure();
  auto written = write_all(fd_, render_log_line(checkpoint) + "\n");
  if (written && ::fdatasync(fd_) != 0)
    written = Error{Errc::kUnavailable, std::strerror(errno)};
  if (written) {
    last_ = checkpoint;
    return {};
  }
  // Half a line would spoil the one after it, and a whole one would come twice.
  const Error error{Errc::kUnavailable, path_ + ": " + written.error().detail};
  if (::ftruncate(fd_, before.st_size) != 0) return failure();
  return error;
}

Result<std::unique_ptr<Checkpoints>> Checkpoints::start(const Config& config,
                                                        const RandomSource& random) {
  // First, as it also keeps two processes from making keys at the same time.
  const auto path = config.state_dir + "/checkpoints";
  auto file = CheckpointFile::open(path);
  if (!file) return file.error();
  const auto own = config.state_dir + "/logbook_ed25519";
  auto key = open_key("", own, wire::ssh::KeyType::kEd25519, random);
  if (!key) return key.error();
  const auto line = wire::ssh::render_public_key((*key)->public_key(), "passport Logbook");
  if (auto saved = aws::save_private_file(own + ".pub", line + "\n"); !saved)
    return saved.error();
  auto connection = connect_database(config.database);
  if (!connection) return connection.error();
  if (auto same = compare(**connection, file->last(), path); !same) return same.error();
  return std::unique_ptr<Checkpoints>(
      new Checkpoints(config, std::move(*key), std::move(*file)));
}

Checkpoints::Checkpoints(const Config& config, std::unique_ptr<wire::ssh::Signer> key,
                         CheckpointFile file)
    : database_(config.database),
      syslog_(config.logbook_syslog),
      key_(std::move(key)),
      file_(std::move(file)) {
  thread_ = std::thread([this] { work(); });
}

Checkpoints::~Checkpoints() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Checkpoints::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

void Checkpoints::work() {
  for (bool last = false; !last;) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kLeastPause, [this] { return stopping_; });
    changed_.wait_for(lock, kInterval, [this] { return stopping_ || woken_; });
    woken_ = false;
    last = stopping_;
    lock.unlock();
    if (const auto made = make(); !made) log_line("checkpoint failed: " + made.error().detail);
  }
}

/// The database first: what only the file had would look like a database set back.
Result<void> Checkpoints::make() {
  auto connection = connect_database(database_);
  if (!connection) return connection.error();
  const auto made =
      run_transaction(**connection, [&](SqlTransaction& transaction) -> Result<void> {
        const auto appended = append_checkpoint(transaction, *key_);
        if (!appended) return appended.error();
        return {};
      });
  if (!made) return made;
  for (;;) {
    const auto more = load_checkpoints(**connection, file_.last().sequence, kPage);
    if (!more) return more.error();
    if (more->empty()) return {};
    for (const auto& checkpoint : *more) {
      if (auto done = file_.append(checkpoint); !done) return done;
      if (syslog_)
        ::syslog(LOG_AUTHPRIV | LOG_NOTICE, "%s", render_log_line(checkpoint).c_str());
    }
  }
}

}  // namespace passport::service
