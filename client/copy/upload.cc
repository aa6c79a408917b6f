#include "client/copy/upload.h"

#include <algorithm>
#include <filesystem>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/private_file.h"
#include "client/copy/remote_script.h"
#include "client/copy/sha256.h"

namespace passport::copy {
namespace {

using Kind = FileStat::Kind;
using Reach = Trouble::Reach;

constexpr std::uint64_t kLargeRequest = 255
                                        << 10;  // OpenSSH's limit is 256 KiB, a header with it
constexpr std::uint32_t kPartMode = 0600;
constexpr char kChanged[] = ": it changed while it was copied";
constexpr std::uint64_t kSmallRequest = 32000;  // what the draft asks of every server

FileStat make_stat(const struct stat& from) {
  FileStat out;
  if (S_ISREG(from.st_mode)) out.kind = Kind::kFile;
  if (S_ISDIR(from.st_mode)) out.kind = Kind::kFolder;
  out.size = static_cast<std::uint64_t>(from.st_size);
  out.mode = from.st_mode & 0777;
  out.mtime = from.st_mtim.tv_sec;
  out.atime = from.st_atim.tv_sec;
  return out;
}

/// With what tells a change within a second.
std::int64_t exact_mtime(const struct stat& from) {
  return from.st_mtim.tv_sec * 1000000000 + from.st_mtim.tv_nsec;
}

}  // namespace

/// Something here, and where it goes.
struct Upload::Spot {
  std::string source;
  std::string target;
  struct stat stat {};
  std::vector<std::pair<dev_t, ino_t>> above{};  ///< folders that it is in
};

std::optional<Trouble> Upload::find(Remote& remote, CopyQueue& queue) {
  const auto there = remote.stat(wish_.target);
  if (!there && (remote.broken() || there.error().code != Errc::kNotFound))
    return remote_trouble(remote, remote_name(wish_.target), there.error());
  if (!into_folder_) into_folder_ = there && there->kind == Kind::kFolder;
  const bool folder = *into_folder_;
  if (!folder && (wish_.to_folder || wish_.target.ends_with('/')))
    return Trouble{
        Reach::kAll,
        {Errc::kUsage, escape_for_terminal(remote_name(wish_.target)) + ": it is no folder"}};
  if (there && there->kind == Kind::kOther)
    return Trouble{Reach::kAll,
                   {Errc::kConflict, escape_for_terminal(remote_name(wish_.target)) +
                                         ": it is no regular file"}};
  auto target = wish_.target;
  const auto own = there && !folder ? remote.stat_link(target) : there;
  if (own && own->kind == Kind::kLink) {
    // A link that the user names is followed: what it points to is replaced, and it stays.
    const auto real = remote.real_path(target);
    if (!real) return remote_trouble(remote, remote_name(target), real.error());
    target = *real;
  }
  for (const auto& source : wish_.sources) {
    const auto name = base_name(source);
    Spot spot{source, folder && !name.empty() ? join(target, name) : target};
    std::optional<Trouble> trouble;
    if (::stat(source.c_str(), &spot.stat) != 0) {
      trouble = local_trouble(source, errno);
    } else {
      trouble = find_at(remote, queue, spot);
    }
    if (trouble && trouble->reach != Reach::kFile) return trouble;
    if (trouble) report_.failed(trouble->error);
  }
  queue.all_found();
  return std::nullopt;
}

std::optional<Trouble> Upload::find_at(Remote& remote, CopyQueue& queue, const Spot& spot) {
  const auto refuse = [&](Errc code, const char* words) {
    return Trouble{Reach::kFile, {code, escape_for_terminal(spot.source) + ": " + words}};
  };
  if (S_ISREG(spot.stat.st_mode)) {
    return add(queue, spot);
  }
  if (!S_ISDIR(spot.stat.st_mode)) return refuse(Errc::kConflict, "it is no regular file");
  if (!wish_.recursive) return refuse(Errc::kUsage, "it is a folder, and -r is not given");
  if (spot.above.size() >= kMaxDepth) return refuse(Errc::kTooLarge, "it lies too deep");
  const std::pair own(spot.stat.st_dev, spot.stat.st_ino);
  if (std::find(spot.above.begin(), spot.above.end(), own) != spot.above.end())
    return refuse(Errc::kConflict, "a link leads back to a folder above");
  return find_in_folder(remote, queue, spot);
}

std::optional<Trouble> Upload::find_in_folder(Remote& remote, CopyQueue& queue,
                                              const Spot& spot) {
  const auto stat = make_stat(spot.stat);
  const auto made = remote.make_folder(spot.target, 0700 | stat.mode);
  if (!made) {
    const auto there =
        remote.broken() ? Result<FileStat>(made.error()) : remote.stat(spot.target);
    if (!there || there->kind != Kind::kFolder)
      return remote_trouble(remote, remote_name(spot.target), made.error());
  }
  bool is_new = false;
  if (auto trouble = take_target(spot.target, spot.source, is_new)) return trouble;
  if (is_new && (made || !base_name(spot.source).empty())) add_folder(spot.target, stat);
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(spot.source.c_str()), ::closedir);
  if (!folder) return local_trouble(spot.source, errno);
  auto above = spot.above;
  above.emplace_back(spot.stat.st_dev, spot.stat.st_ino);
  while (!stop_.stop_requested()) {
    errno = 0;
    const auto* entry = ::readdir(folder.get());
    if (entry == nullptr && errno != 0) return local_trouble(spot.source, errno);
    if (entry == nullptr) break;
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    Spot next{join(spot.source, name), join(spot.target, name), {}, above};
    std::optional<Trouble> trouble;
    if (!is_plain_name(name)) {
      trouble = Trouble{Reach::kFile,
                        {Errc::kTooLarge, escape_for_terminal(next.source) +
                                              ": its name is too long for an instance"}};
    } else if (::stat(next.source.c_str(), &next.stat) != 0) {
      trouble = local_trouble(next.source, errno);
    } else {
      trouble = find_at(remote, queue, next);
    }
    if (trouble && trouble->reach != Reach::kFile) return trouble;
    if (trouble) report_.failed(trouble->error);
  }
  return std::nullopt;
}

std::optional<Trouble> Upload::add(CopyQueue& queue, const Spot& spot) {
  bool is_new = false;
  if (auto trouble = take_target(spot.target, spot.source, is_new)) return trouble;
  if (!is_new) return std::nullopt;
  auto file = std::make_shared<FileCopy>();
  file->source = spot.source;
  file->target = spot.target;
  file->stat = make_stat(spot.stat);
  std::error_code error;
  const auto here = std::filesystem::absolute(spot.source, error).string();
  file->identity = {sha256_hex(wish_.host + '\n' + user_ + '\n' + here + '\0' + spot.target),
                    file->stat.size,
                    exact_mtime(spot.stat),
                    {}};
  if (file->stat.size > kJournalFrom && !journals_.empty())
    file->journal = join(journals_, file->identity.source + ".journal");
  queue.add(std::move(file));
  return std::nullopt;
}

std::optional<Trouble> Upload::prepare(Remote& remote, FileCopy& file, ByteRanges& found) {
  struct stat now {};
  if (!file.local)
    file.local.reset(::open(file.source.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file.local || ::fstat(file.local.get(), &now) != 0)
    return local_trouble(file.source, errno);
  if (!S_ISREG(now.st_mode) || static_cast<std::uint64_t>(now.st_size) < file.stat.size)
    return Trouble{Reach::kFile,
                   {Errc::kConflict,
                    escape_for_terminal(file.source) + ": it changed before it was copied"}};
  if (auto trouble = lock_target(file)) return trouble;
  const auto part = part_path(file.target);
  if (!file.journal.empty() && !file.again) {
    const auto journal = parse_journal(load_journal(file.journal));
    const auto there = journal && journal->same_source(file.identity)
                           ? remote.stat_link(part)
                           : Result<FileStat>(Error{Errc::kNotFound, ""});
    if (there && there->kind == Kind::kFile && there->mode == kPartMode &&
        there->size <= file.stat.size) {
      found = journal->done;
      return std::nullopt;
    }
    if (remote.broken()) return remote_trouble(remote, part, there.error());
  }
  // Only one of our own making: a link that somebody has put there would be followed.
  if (const auto gone = remote.remove(part); !gone && remote.broken())
    return remote_trouble(remote, part, gone.error());
  const auto created = remote.create(part);
  if (!created) return explain_write(remote, file.target, created.error());
  return std::nullopt;
}

std::string Upload::lock_path(const FileCopy& file) const {
  return join(journals_, sha256_hex(wish_.host + '\n' + user_ + '\n' + file.target) + ".lock");
}

/// Of a file that may be gone on with: another copy from here could write it at the same time.
/// Where nothing can be locked, nothing is.
std::optional<Trouble> Upload::lock_target(FileCopy& file) {
  if (file.journal.empty() || file.lock) return std::nullopt;
  const auto path = lock_path(file);
  (void)aws::create_private_file(path, "");  // and its folder
  file.lock.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.lock || lock_file(file.lock.get(), path) != EWOULDBLOCK) return std::nullopt;
  file.lock.reset();
  return Trouble{Reach::kFile,
                 {Errc::kUnavailable, escape_for_terminal(remote_name(file.target)) +
                                          ": another copy is writing it"}};
}

void Upload::unlock_target(FileCopy& file) {
  if (file.lock) ::unlink(lock_path(file).c_str());
  file.lock.reset();
}

Trouble Upload::explain_write(Remote& remote, const std::string& target, const Error& error) {
  auto trouble = remote_trouble(remote, remote_name(target), error);
  if (trouble.reach != Reach::kFile || !remote.is_full(parent_of(target))) return trouble;
  return {Reach::kAll,
          {Errc::kUnavailable,
           escape_for_terminal(remote_name(target)) + ": no space left on the instance"}};
}

std::optional<Trouble> Upload::copy(Remote& remote, CopyQueue& queue, const FilePtr& file,
                                    unsigned turn, int worker) {
  const auto most = remote.takes_large_requests() ? kLargeRequest : kSmallRequest;
  auto claim = queue.claim(file, turn, worker, most);
  if (!claim) return std::nullopt;
  const auto opened = remote.open_to_write(part_path(file->target));
  if (!opened) return explain_write(remote, file->target, opened.error());
  Bytes buffer;
  for (; claim; claim = queue.claim(file, turn, worker, most)) {
    const auto& range = claim->range;
    // What another session was late with may be more than this one's server takes at once.
    if (range.size() > buffer.size()) buffer.resize(range.size());
    const auto n =
        ::pread(file->local.get(), buffer.data(), range.size(), static_cast<off_t>(range.from));
    if (n < 0) return local_trouble(file->source, errno);
    if (static_cast<std::uint64_t>(n) < range.size()) {
      (void)remote.remove(part_path(file->target));
      return Trouble{Reach::kFile,
                     {Errc::kConflict, escape_for_terminal(file->source) +
                                           ": it became shorter while it was copied"}};
    }
    const auto bytes = ByteView(buffer).first(range.size());
    for (std::uint64_t at = 0; at < bytes.size(); at += most) {
      const auto step = bytes.subspan(at, std::min(most, bytes.size() - at));
      const auto written = (*opened)->write(range.from + at, step);
      if (!written) return explain_write(remote, file->target, written.error());
    }
    if (queue.begin_write(file, *claim)) queue.finish_write(file, *claim);
  }
  return std::nullopt;
}

std::optional<Trouble> Upload::finish(Remote& remote, CopyQueue& queue,
                                      const std::vector<FilePtr>& files) {
  std::vector<CheckWish> wishes;
  for (const auto& file : files)
    wishes.push_back({part_path(file->target), file->stat.size, [file, this] {
                        return hash_file(file->local.get(), file->stat.size, stop_);
                      }});
  std::vector<Check> checks;
  if (auto trouble = check_all(remote, wishes, checks)) return trouble;
  std::vector<FilePtr> good;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (stop_.stop_requested()) return std::nullopt;
    const auto& file = files[i];
    struct stat now {};
    const bool changed = ::fstat(file->local.get(), &now) != 0 ||
                         exact_mtime(now) != file->identity.mtime ||
                         static_cast<std::uint64_t>(now.st_size) != file->stat.size;
    const bool plausible = checks[i] == Check::kSizesOnly && !file->resumed && !changed;
    if (plausible) report_.notice(unverified());
    if (checks[i] == Check::kSame || plausible) {
      good.push_back(file);
      continue;
    }
    // Without hashes nobody knows what an earlier copy has left: it is copied once more.
    if (!changed && !file->again) {
      queue.copy_again(file);
      continue;
    }
    (void)remote.remove(part_path(file->target));
    drop_journal(*file);
    const auto error =
        changed ? Error{Errc::kConflict, escape_for_terminal(file->source) + kChanged,
                        "copy it again"}
                : Error{Errc::kConflict, escape_for_terminal(remote_name(file->target)) +
                                             ": what was copied has another SHA-256"};
    give_up(queue, file, error);
  }
  return name_all(remote, queue, good);
}

/// Modes and times first: a file is whole when it has its name.
std::optional<Trouble> Upload::name_all(Remote& remote, CopyQueue& queue,
                                        const std::vector<FilePtr>& files) {
  std::vector<Move> moves;
  for (const auto& file : files) {
    const auto set = remote.set_stat(part_path(file->target), file->stat);
    if (!set) {
      auto trouble = remote_trouble(remote, remote_name(file->target), set.error());
      if (trouble.reach != Reach::kFile) return trouble;
      report_.failed(trouble.error);
    }
    moves.push_back({part_path(file->target), file->target});
  }
  if (moves.empty()) return std::nullopt;
  std::optional<std::vector<bool>> moved;
  if (const auto script = remote.start_script(render_move_script(moves))) {
    const auto text = remote.finish_script(**script, Remote::kPatience);
    if (text) moved = parse_move_answer(*text, moves.size());
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    std::optional<Trouble> trouble;
    if (!moved || !(*moved)[i]) trouble = name_without_shell(remote, *files[i]);
    if (trouble && trouble->reach != Reach::kFile) return trouble;
    if (trouble) {
      give_up(queue, files[i], trouble->error);
      continue;
    }
    drop_journal(*files[i]);
    queue.finished(files[i]);
  }
  return std::nullopt;
}

/// What no shell has renamed. The file that has the name goes first.
std::optional<Trouble> Upload::name_without_shell(Remote& remote, const FileCopy& file) {
  const auto name = remote_name(file.target);
  // A shell may have renamed it, and its answer be lost: then nothing may go.
  const auto part = remote.stat_link(part_path(file.target));
  if (!part)
    return remote_trouble(
        remote, name, {Errc::kConflict, "what was copied has this name already, or is gone"});
  const auto own = remote.stat_link(file.target);
  const auto there =
      own && own->kind == Kind::kLink ? remote.stat(file.target) : Result<FileStat>(own);
  for (const auto* stat : {&own, &there})
    if (!*stat && (remote.broken() || stat->error().code != Errc::kNotFound))
      return remote_trouble(remote, name, stat->error());
  if (there && there->kind != Kind::kFile)
    return Trouble{
        Reach::kFile,
        {Errc::kConflict,
         escape_for_terminal(name) +
             (there->kind == Kind::kFolder ? ": it is a folder" : ": it is no regular file")}};
  if (own) (void)remote.remove(file.target);
  const auto renamed = remote.rename(part_path(file.target), file.target);
  if (renamed) return std::nullopt;
  return remote_trouble(remote, name, renamed.error());
}

void Upload::give_up(CopyQueue& queue, const FilePtr& file, const Error& error) {
  leave(*file, true);
  queue.failed_at_end(file);
  report_.failed(error);
}

std::optional<Trouble> Upload::close(Remote& remote) {
  for (auto at = folders_.rbegin(); at != folders_.rend(); ++at) {
    const auto set = remote.set_stat(at->name, at->stat);
    if (set) continue;
    auto trouble = remote_trouble(remote, remote_name(at->name), set.error());
    if (trouble.reach != Reach::kFile) return trouble;
    report_.failed(trouble.error);
  }
  return std::nullopt;
}

void Upload::save_journal(FileCopy& file, const ByteRanges& done) {
  const std::lock_guard<std::mutex> lock(file.journal_mutex);
  if (file.journal.empty() || file.journal_over) return;
  auto journal = file.identity;
  journal.done = done;
  // Without it the next copy begins anew, and that is all.
  (void)aws::save_private_file(file.journal, serialize_journal(journal));
}

void Upload::drop_journal(FileCopy& file) {
  const std::lock_guard<std::mutex> lock(file.journal_mutex);
  file.journal_over = true;
  if (!file.journal.empty()) ::unlink(file.journal.c_str());
  unlock_target(file);
}

void Upload::leave(FileCopy& file, bool for_later) {
  if (!for_later) return drop_journal(file);
  if (file.pieces) save_journal(file, file.pieces->done());
  unlock_target(file);
}

}  // namespace passport::copy
