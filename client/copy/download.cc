#include "client/copy/download.h"

#include <algorithm>
#include <deque>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "client/copy/sha256.h"

namespace passport::copy {
namespace {

using Kind = FileStat::Kind;
using Reach = Trouble::Reach;

constexpr std::uint64_t kRequest = 32 << 10;  // bytes; what every server answers at once
constexpr std::uint64_t kWindow = 256
                                  << 10;  // bytes asked for: 1 MB/s at a quarter of a second

std::optional<FileStat> stat_here(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  FileStat out;
  if (S_ISREG(found.st_mode)) out.kind = Kind::kFile;
  if (S_ISDIR(found.st_mode)) out.kind = Kind::kFolder;
  return out;
}

/// A link that the user names is followed: what it points to is replaced, and it stays.
std::string resolve_here(const std::string& target) {
  std::error_code error;
  if (!std::filesystem::is_symlink(target, error)) return target;
  auto found = std::filesystem::canonical(target, error);
  return error ? target : found.string();
}

}  // namespace

/// Something there, and where it goes.
struct Download::Spot {
  std::string source;
  std::string target;
  FileStat stat{};
  std::vector<std::string> above{};  ///< real paths of the folders that it is in
};

std::optional<Trouble> Download::find(Remote& remote, CopyQueue& queue) {
  const auto here = stat_here(wish_.target);
  if (!into_folder_) into_folder_ = here && here->kind == Kind::kFolder;
  const bool folder = *into_folder_;
  for (const auto& pattern : wish_.sources) {
    std::vector<std::string> matches;
    if (auto trouble = find_matches(remote, pattern, matches)) return trouble;
    if ((wish_.to_folder || matches.size() > 1) && !folder)
      return Trouble{Reach::kAll,
                     {Errc::kUsage, escape_for_terminal(wish_.target) + ": it is no folder"}};
    for (const auto& source : matches) {
      const auto name = base_name(source);
      const auto target = folder && !name.empty() ? join(wish_.target, name) : wish_.target;
      const auto stat = remote.stat(source);
      std::optional<Trouble> trouble;
      if (!stat) {
        trouble = remote_trouble(remote, remote_name(source), stat.error());
      } else {
        trouble = find_at(remote, queue, {source, target, *stat});
      }
      if (trouble && trouble->reach != Reach::kFile) return trouble;
      if (trouble) report_.failed(trouble->error);
    }
  }
  queue.all_found();
  return std::nullopt;
}

/// A path that there is means itself, whatever it looks like.
std::optional<Trouble> Download::find_matches(Remote& remote, const std::string& pattern,
                                              std::vector<std::string>& matches) {
  if (!has_pattern(pattern) || remote.stat_link(pattern)) {
    matches.push_back(pattern);
    return std::nullopt;
  }
  matches = {pattern.starts_with('/') ? "/" : "."};
  std::string_view rest = pattern;
  while (!rest.empty()) {
    const std::string part(rest.substr(0, rest.find('/')));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    if (part.empty()) continue;
    std::vector<std::string> next;
    for (const auto& folder : matches) {
      if (!has_pattern(part)) {
        next.push_back(join(folder, unescape_pattern(part)));
        continue;
      }
      const auto entries = remote.list(folder, kMaxInFolder);
      if (!entries && remote.broken()) return remote_trouble(remote, folder, entries.error());
      if (!entries) continue;
      for (const auto& entry : *entries)
        if (is_plain_name(entry.name) && matches_name(part, entry.name))
          next.push_back(join(folder, entry.name));
      if (next.size() > kMaxFiles) return too_many();
    }
    matches = std::move(next);
  }
  std::sort(matches.begin(), matches.end());
  if (matches.empty())
    report_.failed({Errc::kNotFound, escape_for_terminal(remote_name(pattern)) +
                                         ": nothing there has such a name"});
  return std::nullopt;
}

std::optional<Trouble> Download::find_at(Remote& remote, CopyQueue& queue, const Spot& spot) {
  const auto refuse = [&](Errc code, const char* words) {
    return Trouble{Reach::kFile,
                   {code, escape_for_terminal(remote_name(spot.source)) + ": " + words}};
  };
  if (spot.stat.kind == Kind::kFile) {
    // Others are replaced, so that no name of the instance's leads elsewhere.
    const auto target = spot.target == wish_.target ? resolve_here(spot.target) : spot.target;
    const auto here = stat_here(target);
    if (here && here->kind != Kind::kFile)
      return Trouble{
          Reach::kFile,
          {Errc::kConflict,
           escape_for_terminal(target) +
               (here->kind == Kind::kFolder ? ": it is a folder" : ": it is no regular file")}};
    return add(queue, spot.source, target, spot.stat);
  }
  if (spot.stat.kind != Kind::kFolder) return refuse(Errc::kConflict, "it is no regular file");
  if (!wish_.recursive) return refuse(Errc::kUsage, "it is a folder, and -r is not given");
  if (spot.above.size() >= kMaxDepth) return refuse(Errc::kTooLarge, "it lies too deep");
  return find_in_folder(remote, queue, spot);
}

std::optional<Trouble> Download::find_in_folder(Remote& remote, CopyQueue& queue,
                                                const Spot& spot) {
  const auto real = remote.real_path(spot.source);
  if (!real) return remote_trouble(remote, remote_name(spot.source), real.error());
  if (std::find(spot.above.begin(), spot.above.end(), *real) != spot.above.end())
    return Trouble{Reach::kFile,
                   {Errc::kConflict, escape_for_terminal(remote_name(spot.source)) +
                                         ": a link leads back to a folder above"}};
  bool is_new = false;
  if (auto trouble = take_target(spot.target, spot.source, is_new)) return trouble;
  const bool made = ::mkdir(spot.target.c_str(), 0700 | spot.stat.mode) == 0;
  if (!made && errno != EEXIST) return local_trouble(spot.target, errno);
  std::error_code error;
  const bool link = std::filesystem::is_symlink(spot.target, error);
  if (!std::filesystem::is_directory(spot.target, error) ||
      (link && spot.target != wish_.target))
    return Trouble{Reach::kFile,
                   {Errc::kConflict, escape_for_terminal(spot.target) +
                                         ": something that is no folder is in its way"}};
  // The contents of "." and the like go into a folder that has its own mode.
  if (is_new && (made || !base_name(spot.source).empty())) add_folder(spot.target, spot.stat);
  const auto entries = remote.list(spot.source, kMaxInFolder);
  if (!entries) return remote_trouble(remote, remote_name(spot.source), entries.error());
  auto above = spot.above;
  above.push_back(*real);
  for (const auto& entry : *entries) {
    if (stop_.stop_requested()) break;
    const auto source = join(spot.source, entry.name);
    const auto name = escape_for_terminal(remote_name(source));
    std::optional<Trouble> trouble;
    if (!is_plain_name(entry.name)) {
      trouble = Trouble{Reach::kFile,
                        {Errc::kProtocol,
                         name + ": the instance gives it a name that no file here may have"}};
    } else {
      Result<FileStat> stat = entry.stat;
      if (entry.stat.kind == Kind::kLink || entry.stat.kind == Kind::kOther)
        stat = remote.stat(source);
      trouble =
          stat ? find_at(remote, queue, {source, join(spot.target, entry.name), *stat, above})
               : std::optional(remote_trouble(remote, remote_name(source), stat.error()));
    }
    if (trouble && trouble->reach != Reach::kFile) return trouble;
    if (trouble) report_.failed(trouble->error);
  }
  return std::nullopt;
}

std::optional<Trouble> Download::add(CopyQueue& queue, const std::string& source,
                                     const std::string& target, const FileStat& stat) {
  bool is_new = false;
  if (auto trouble = take_target(target, source, is_new)) return trouble;
  if (!is_new) return std::nullopt;
  auto file = std::make_shared<FileCopy>();
  file->source = source;
  file->target = target;
  file->stat = stat;
  file->identity = {sha256_hex(remote_name(source)), stat.size, stat.mtime, {}};
  queue.add(std::move(file));
  return std::nullopt;
}

std::optional<Trouble> Download::prepare(Remote& remote, FileCopy& file, ByteRanges& found) {
  // An empty file is opened as well, so that one that cannot be read is not made up.
  if (file.stat.size == 0) {
    const auto opened = remote.open_to_read(file.source);
    if (!opened) return remote_trouble(remote, remote_name(file.source), opened.error());
    std::array<std::uint8_t, 1> byte{};
    const auto id = (*opened)->begin_read({0, 1});
    const auto n = id ? (*opened)->end_read(*id, byte) : Result<std::size_t>(id.error());
    if (!n) return remote_trouble(remote, remote_name(file.source), n.error());
    if (*n > 0)
      return Trouble{
          Reach::kFile,
          {Errc::kConflict,
           escape_for_terminal(remote_name(file.source)) + ": its size is 0 and it has content",
           "ssh can print it: ssh HOST cat FILE"}};
  }
  Trouble trouble;
  if (!file.part) file.part = PartFile::open(file.target, file.identity, trouble);
  if (!file.part) return trouble;
  found = file.part->found();
  return std::nullopt;
}

std::optional<Trouble> Download::copy(Remote& remote, CopyQueue& queue, const FilePtr& file,
                                      unsigned turn, int worker) {
  auto claim = queue.claim(file, turn, worker, kRequest);
  if (!claim) return std::nullopt;
  const auto name = remote_name(file->source);
  const auto opened = remote.open_to_read(file->source);
  if (!opened) return remote_trouble(remote, name, opened.error());
  struct Asked {
    CopyQueue::Claim claim;
    std::uint32_t id;
  };
  std::deque<Asked> asked;
  std::uint64_t in_flight = 0;
  Bytes buffer(kRequest);
  const auto ask = [&](const CopyQueue::Claim& what) -> std::optional<Trouble> {
    const auto id = (*opened)->begin_read(what.range);
    if (!id) return remote_trouble(remote, name, id.error());
    asked.push_back({what, *id});
    in_flight += what.range.size();
    return std::nullopt;
  };
  while (claim || !asked.empty()) {
    while (claim && in_flight < kWindow) {
      if (auto trouble = ask(*claim)) return trouble;
      claim = queue.claim(file, turn, worker, kRequest);
    }
    auto [what, id] = asked.front();
    asked.pop_front();
    in_flight -= what.range.size();
    const auto into = std::span(buffer).first(what.range.size());
    const auto n = (*opened)->end_read(id, into);
    if (!n) return remote_trouble(remote, name, n.error());
    if (*n == 0)
      return Trouble{Reach::kFile,
                     {Errc::kConflict,
                      escape_for_terminal(name) + ": it became shorter while it was copied"}};
    const CopyQueue::Claim got{{what.range.from, what.range.from + *n}, what.turn};
    if (queue.begin_write(file, got)) {
      auto trouble = file->part->write(got.range.from, into.first(*n));
      if (trouble) return trouble;
      queue.finish_write(file, got);
      if (*n < into.size()) {
        trouble = ask({{got.range.to, what.range.to}, what.turn});
        if (trouble) return trouble;
      }
    }
    if (!claim) claim = queue.claim(file, turn, worker, kRequest);
  }
  return std::nullopt;
}

std::optional<Trouble> Download::finish(Remote& remote, CopyQueue& queue,
                                        const std::vector<FilePtr>& files) {
  std::vector<CheckWish> wishes;
  for (const auto& file : files)
    wishes.push_back(
        {file->source, file->stat.size, [file, this] { return file->part->hash(stop_); }});
  std::vector<Check> checks;
  if (auto trouble = check_all(remote, wishes, checks)) return trouble;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (stop_.stop_requested()) return std::nullopt;
    auto trouble = settle(remote, queue, files[i], checks[i]);
    if (trouble && trouble->reach != Reach::kFile) return trouble;
    if (!trouble) continue;
    leave(*files[i], true);
    queue.failed_at_end(files[i]);
    report_.failed(trouble->error);
  }
  return std::nullopt;
}

std::optional<Trouble> Download::settle(Remote& remote, CopyQueue& queue, const FilePtr& file,
                                        Check check) {
  const auto keep = [&]() -> std::optional<Trouble> {
    if (auto trouble = file->part->keep(file->stat)) return trouble;
    queue.finished(file);
    return std::nullopt;
  };
  if (check == Check::kSame) return keep();
  const auto name = escape_for_terminal(remote_name(file->source));
  const auto now = remote.stat(file->source);
  if (!now && remote.broken()) return remote_trouble(remote, name, now.error());
  const bool changed = now && (now->size != file->stat.size || now->mtime != file->stat.mtime);
  if (now && check == Check::kSizesOnly && !changed && !file->resumed) {
    report_.notice(unverified());
    return keep();
  }
  // Without hashes nobody knows what an earlier copy has left: it is copied once more.
  if (now && check != Check::kUnreadable && !changed && !file->again) {
    file->part->start_over();
    queue.copy_again(file);
    return std::nullopt;
  }
  file->part->discard();
  if (!now) return remote_trouble(remote, remote_name(file->source), now.error());
  if (check == Check::kUnreadable)
    return Trouble{Reach::kFile, {Errc::kDenied, name + ": it cannot be read any more"}};
  if (changed)
    return Trouble{
        Reach::kFile,
        {Errc::kConflict, name + ": it changed while it was copied", "copy it again"}};
  return Trouble{Reach::kFile,
                 {Errc::kConflict, name + ": what was copied has another SHA-256"}};
}

std::optional<Trouble> Download::close(Remote&) {
  for (auto at = folders_.rbegin(); at != folders_.rend(); ++at) {
    const auto& stat = at->stat;
    const timespec times[2] = {{stat.atime, 0}, {stat.mtime, 0}};
    if (::chmod(at->name.c_str(), stat.mode) != 0 ||
        ::utimensat(AT_FDCWD, at->name.c_str(), times, 0) != 0)
      report_.failed(local_trouble(at->name, errno).error);
  }
  return std::nullopt;
}

void Download::save_journal(FileCopy& file, const ByteRanges& done) {
  if (file.part) file.part->save_journal(done);
}

void Download::leave(FileCopy& file, bool for_later) {
  if (!file.part) return;
  const bool worth = for_later && file.stat.size > kJournalFrom && file.pieces;
  if (worth && file.pieces->done().total() > 0) {
    file.part->stay(file.pieces->done());
  } else {
    file.part->discard();
  }
}

}  // namespace passport::copy
